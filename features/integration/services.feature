@integration @topology.default
Feature: The orchestrator reports the state of the system

  @SVC-008 @P0
  Scenario: The orchestrator lists every service with health, models and requests in flight
    Given a client is streaming from model-a
    Then the gateway reports every declared service as healthy with its models
    And the service list shows 1 request running at the worker serving the request

  @SVC-015 @P1
  Scenario: The orchestrator counts each request once
    Given the request count of the gateway is noted
    When clients send 12 chats for model-shared
    And clients send 3 sequential streams of 4 tokens for model-a
    And a client sends a chat for model-unheard-of
    And a client sends a chat with no messages
    And clients send 3 chats for model-shared, simulating a 500 response at worker-shared-1
    And a client sends a chat for model-b, simulating a 500 response
    And a client sends a chat for model-b, simulating a 422 response
    Then the statistics count exactly the requests that clients sent

  @CLU-040 @CLU-028 @P1
  Scenario: The cluster status API shows the cluster, all workers and each single worker
    Then the cluster status counts every declared worker as online
    And the gateway reports every declared worker with its models, hive, epoch and heartbeat
    And worker-unknown is unknown to the status API
    And worker-shared is unknown to the status API
