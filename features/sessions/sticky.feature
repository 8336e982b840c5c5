@integration @topology.single_slot
Feature: A session stays at its worker

  @CHAT-011 @CLU-018 @GATE-009 @P1
  Scenario: A session is the same by either header and by the body, and has one worker on every path
    When 11 sessions each call every path of the API for model-shared
    Then every client was answered
    And each session stayed at one worker, and they are spread over 2 workers or more

  @CHAT-016 @P1
  Scenario: The second turn finds what the first one computed
    When a session that begins with 300 words takes 3 turns with model-shared
    Then every stream is whole: each token once, in order, a finish reason and the end marker
    And every later turn found its prompt in the worker's cache, and its first token in less than half the time
    And every request is booked exactly once, as its worker counted it

  @CHAT-018 @GATE-009 @P1 @requires.kill
  Scenario: When a worker dies, its sessions move and stay moved, and all others stay
    Given 25 sessions with model-shared are under way
    When worker-1 is killed
    And every session takes another turn
    Then only the sessions of the killed worker moved, and none of their turns failed
    And worker-1 is routable within the restart time
    When every session takes another turn
    Then only the sessions of the killed worker moved, and none of their turns failed

  @CHAT-018 @P1
  Scenario: A turn that fails moves no session
    Given 6 sessions with model-shared are under way
    When a session takes a turn that fails at every worker
    And every session takes another turn
    Then each session stayed at its worker in spite of 1 failed turn

  @CHAT-023 @INT-012 @CLU-026 @GATE-009 @P1 @requires.kill @requires.restart
  Scenario: Sessions stay when a worker joins, and when the orchestrator is killed and comes back
    Given 25 sessions with model-shared are under way
    When a worker worker-9 of model-shared starts on hive-1
    Then worker-9 is routable within the registration time
    When every session takes another turn
    And the gateway is killed
    And the gateway is started again
    Then worker-9 is routable within the orchestrator return time
    When every session takes another turn
    Then each session stayed at one worker, and they are spread over 2 workers or more

  @GATE-009 @P1
  Scenario: More sessions than are remembered: the forgotten ones move only to a worker that joins
    Given 90 sessions with model-shared are under way
    When a worker worker-9 of model-shared starts on hive-1
    Then worker-9 is routable within the registration time
    When every session takes another turn
    Then every client was answered
    And sessions moved to worker-9 or not at all, and some that were not remembered did

  @GATE-009 @CHAT-040 @P1
  Scenario: Two tenants who call their sessions the same share none
    When two tenants hold 11 sessions of the same names with model-shared
    And every session takes another turn
    Then every client was answered
    And the tenants' sessions are kept apart
