@integration @topology.default
Feature: The orchestrator reports the state of the system

  @SVC-008 @P0
  Scenario: The orchestrator lists every service with health, models and requests in flight
    Given a client is streaming from model-a
    Then the orchestrator lists itself, the registry, every hive and every worker as healthy, with their models
    And it shows 1 request in flight at the worker serving the request

  @SVC-015 @P1
  Scenario: The orchestrator counts each request once
    Given the orchestrator's statistics are noted
    When clients send 12 chats for model-shared
    And clients send 3 sequential streams of 4 tokens for model-a
    And a client sends a chat for model-unheard-of
    And a client sends a chat with no messages
    Then the statistics grew by exactly what the clients sent

  @CLU-040 @CLU-028 @P1
  Scenario: The cluster status API shows the cluster, all workers and each single worker
    Then the cluster status counts every declared worker as online
    And the status API shows each declared worker with models, hive, epoch and heartbeat
    And the status API knows no worker worker-unknown
