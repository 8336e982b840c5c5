@integration @topology.single_slot
Feature: A session stays at its worker

  @CHAT-011 @CLU-018 @GATE-009 @P1
  Scenario: A session has one worker on every path, by either header and by the body
    When clients hold 15 sessions with model-shared, with one request per API path
    Then every request was answered
    And each session stayed at one worker, and the sessions use at least 2 workers

  @CHAT-016 @P1
  Scenario: Later turns use the worker's prefix cache
    When clients hold 1 session with model-shared, with 3 turns each and a first prompt of 300 words
    Then every stream is whole
    And every later turn found its prompt in the worker's cache
    And every request is booked exactly once, with the tokens that its worker counted

  @CHAT-018 @GATE-009 @P1 @requires.kill
  Scenario: When a worker crashes, its sessions move and stay moved, and all others stay
    Given clients hold 25 sessions with model-shared
    When worker-1 is killed
    And every session takes another turn
    And worker-1 is routable within the restart time
    And every session takes another turn
    Then sessions moved only away from the killed worker, without a failed turn

  @CHAT-018 @P1
  Scenario: A failed turn does not move its session
    Given clients hold 15 sessions with model-shared
    When one session takes another turn, simulating a 500 response
    And every session takes another turn
    Then each session stayed at one worker, despite 1 failed turn

  @CHAT-018 @P1 @requires.kill
  Scenario: A turn that breaks off at another worker does not move its session
    Given clients hold 15 sessions with model-shared, with 2 turns each and a first prompt of 4 words
    When worker-1 is killed
    And every session takes another turn, simulating a connection reset in mid-stream
    And worker-1 is routable within the restart time
    And every session takes another turn
    Then each session stayed at one worker, despite 15 failed turns

  @CHAT-023 @INT-012 @CLU-026 @CHAT-018 @P1 @exclusive @requires.kill @requires.restart
  Scenario: Sessions that have moved stay moved when the orchestrator starts again
    Given clients hold 25 sessions with model-shared
    When worker-1 is killed
    And every session takes another turn
    And worker-1 is routable within the restart time
    And the gateway is terminated
    And the shutdown of the gateway is clean within the cascading shutdown time
    And the gateway is started again
    And worker-1 is routable within the orchestrator return time
    And every session takes another turn
    Then sessions moved only away from the killed worker, without a failed turn

  @CHAT-023 @INT-012 @CLU-026 @GATE-009 @P1 @exclusive @requires.kill @requires.restart
  Scenario: Sessions stay when a worker joins, and when the orchestrator is killed and started again
    Given clients hold 25 sessions with model-shared
    When a worker worker-9 of model-shared starts on hive-1
    And worker-9 is routable within the registration time
    And every session takes another turn
    And the gateway is killed
    And the gateway is started again
    And worker-9 is routable within the orchestrator return time
    And every session takes another turn
    Then each session stayed at one worker, and the sessions use at least 2 workers

  @CHAT-023 @INT-012 @P1 @fresh_stack @exclusive @requires.exec @requires.kill @requires.terminate @requires.restart
  Scenario: Sessions that moved while no pin could be stored stay moved when the orchestrator starts again
    Given clients hold 25 sessions with model-shared
    When a file write limit of 0 bytes is injected into orchestrator
    And worker-1 is killed
    And every session takes another turn
    And worker-1 is routable within the restart time
    And every session takes another turn
    And a file write limit of 0 bytes is removed from orchestrator
    And the gateway logs once that its session pins are stored again within the settling time
    And the gateway is terminated
    And the shutdown of the gateway is clean within the cascading shutdown time
    And the gateway is started again
    And worker-1 is routable within the orchestrator return time
    And every session takes another turn
    Then sessions moved only away from the killed worker, without a failed turn

  @GATE-009 @P1
  Scenario: Sessions that the gateway has forgotten move only to a worker that joins
    Given clients hold 90 sessions with model-shared
    When a worker worker-9 of model-shared starts on hive-1
    And worker-9 is routable within the registration time
    And every session takes another turn
    Then every request was answered
    And sessions moved only to worker-9, and some forgotten sessions did

  @GATE-009 @CHAT-040 @P1
  Scenario: Two tenants with the same session names share no session
    When clients hold 14 sessions with model-shared, with the same names for two tenants
    And every session takes another turn
    Then every request was answered
    And the tenants share no session
