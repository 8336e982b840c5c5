@integration @topology.single_slot
Feature: Which worker gets a request

  @CHAT-007 @P1
  Scenario: Only workers that are ready and have the model
    When a worker worker-slow of model-shared starts on hive-1 and loads for 1.0 seconds
    And 12 chats for model-shared are sent
    Then all 12 chats were answered
    And every request was served by exactly one worker of its model
    And worker-slow is routable within the registration time
    When 12 chats for model-shared are sent
    Then every worker of model-shared served at least 2 of them
    And before worker-slow was ready, it received no request

  @CHAT-008 @CHAT-017 @CLU-012 @P1
  Scenario: The worker with the smallest queue, and in turn among equals
    Given a client is streaming from model-shared
    When 12 chats for model-shared are sent, one after the other
    Then while the stream ran, 12 chats or more were sent, and all of them went to workers with a smaller queue

  @CHAT-008 @CLU-012 @P1
  Scenario: What waits at a worker by its own report counts, too
    Given 5 requests of somebody else keep worker-1 busy, and 2 or more are reported to wait
    When 12 chats for model-shared are sent, one after the other
    And somebody else gives up
    Then all 12 chats were answered
    And worker-1 was spared

  @CHAT-009 @P1 @topology.default @requires.kill
  Scenario: A worker whose lease ran out is left out
    When hive-1 is killed with its workers
    Then worker-shared-1 is offline in the status API within the lease expiry time
    When 6 chats for model-shared are sent
    Then all 6 chats were answered
    And no chat sent after the death needed a second attempt

  @CHAT-021 @P1 @topology.default
  Scenario: One worker serves those with a session and those without
    When 3 sessions each take 2 turns with model-a
    And a client streams 6 tokens from model-a
    And 6 chats for model-a are sent
    Then every client was answered
    And every request was served by worker-a

  @CHAT-017 @CHAT-022 @P1
  Scenario: Several workers serve those with a session and those without
    When 8 sessions each take 2 turns with model-shared
    And 30 chats for model-shared are sent
    Then every client was answered
    And each session stayed at one worker, and they are spread over 2 workers or more
    And every worker of model-shared served at least 6 of them

  @CHAT-024 @CHAT-025 @P1
  Scenario: The choice of a worker takes next to no time
    When 40 chats for model-shared are sent
    Then all 40 chats were answered
    And requests were at their worker within the worker choice time
    And more than 10 requests were answered each second
