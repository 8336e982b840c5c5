@integration @topology.single_slot
Feature: The gateway chooses a worker for each request

  @CHAT-007 @P1
  Scenario: Only ready workers of the model receive requests
    When a worker worker-slow of model-shared starts on hive-1 and loads for 1.0 seconds
    And clients send 12 chats for model-shared
    And worker-slow is routable within the registration time
    And clients send 60 chats for model-shared
    Then every request was answered, 72 in total
    And every request was served by exactly one worker of its model
    And each worker of model-shared served at least 10 of the requests
    And before worker-slow was ready, it received no request

  @CHAT-007 @P1 @topology.short_timeouts
  Scenario: A retry, too, goes only to a worker of the model
    When clients send a batch of 3 sequential chats for model-shared, simulating a connection reset
    Then every request of the batch was refused with status 502 and code upstream_disconnected, after 6 to 9 upstream requests

  @CHAT-008 @CHAT-017 @CLU-012 @P1
  Scenario: The gateway chooses the worker with the smallest queue, and alternates among equals
    Given a client is streaming from model-shared
    When clients send 12 sequential chats for model-shared
    Then the gateway chose workers with a smaller queue for 12 chats or more while the stream ran

  @CHAT-008 @CHAT-017 @CLU-012 @P1 @topology.short_timeouts
  Scenario: The gateway alternates between workers that are equally busy
    Given a client is streaming from model-shared, with a long response
    And a client is streaming from model-shared, with a long response
    When clients send 30 sequential chats for model-shared
    Then each worker of model-shared served at least 12 of the requests

  @CHAT-008 @CLU-012 @P1
  Scenario: The gateway counts the queue that a worker reports
    Given 5 direct requests keep worker-1 busy, at least 2 of them queued
    When clients send 12 sequential chats for model-shared
    And the clients of the direct requests disconnect
    Then every request was answered, 12 in total
    And worker-1 received no request

  @ROLL-007 @P2
  Scenario: A burst after the end of a queue reaches all workers alike
    Given 30 requests of one session keep a worker of model-shared busy, at least 20 of them queued
    When clients send 2 concurrent chats for model-shared, simulating 0.8 seconds of work
    And the clients of the session disconnect
    And clients send 60 concurrent chats for model-shared, simulating 0.1 seconds of work
    Then every request was answered, 62 in total
    And each worker of model-shared served 18 to 22 of the requests

  @CHAT-009 @P1 @topology.default @requires.kill
  Scenario: A worker with an expired lease receives no requests
    When hive-1 is killed with its workers
    And worker-shared-1 is offline in the status API within the lease expiry time
    And clients send 6 chats for model-shared
    Then the gateway no longer offers model-a within the convergence time
    And every request was answered, 6 in total
    And every request sent after the kill took one attempt

  @CHAT-021 @P1 @topology.default
  Scenario: One worker serves requests with and without a session
    When clients send a batch of 1 sequential chat for model-a, simulating a connection reset
    And clients hold 3 sessions with model-a, with 2 turns each
    And a client streams 6 tokens from model-a
    And clients send 6 chats for model-a
    Then every request was answered
    And every request was served by worker-a

  @CHAT-017 @CHAT-022 @P1
  Scenario: Several workers serve requests with and without a session
    When clients hold 15 sessions with model-shared, with 2 turns each
    And clients send 60 chats for model-shared
    Then every request was answered
    And each session stayed at one worker, and the sessions use at least 2 workers
    And each worker of model-shared served at least 17 of the requests

  @CHAT-024 @CHAT-025 @P1 @exclusive
  Scenario: Routing adds little latency
    When clients send 40 chats for model-shared
    And clients hold 1 session with model-shared, with 20 turns each
    Then every request was answered, 60 in total
    And the routing latency is within the worker choice time
    And more than 10 requests were answered each second
