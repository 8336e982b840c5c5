@integration @topology.default
Feature: What the orchestrator says of the system

  @SVC-008 @P0
  Scenario: It lists every service with health, models and requests in flight
    Given a client is streaming from model-a
    Then the gateway reports every declared service as healthy with its models
    And the service list shows 1 request running at the worker serving the request

  @SVC-015 @P1
  Scenario: It counts each request once
    Given the request count of the gateway is noted
    When 12 chats for model-shared are sent
    And 3 streams of 4 tokens are taken from model-a
    And a client asks model-unheard-of
    And a client sends a chat with no messages
    Then the statistics count exactly the requests that clients sent

  @CLU-040 @CLU-028 @P1
  Scenario: The cluster status API shows the cluster, its workers and each one of them
    Then the cluster status counts every declared worker as online
    And the gateway reports every declared worker with its models, hive, epoch and heartbeat
    And worker-unknown is unknown to the status API
