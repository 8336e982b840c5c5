@integration @topology.attached
Feature: What the gateway tells of its work, and what it keeps of it

  @CHAT-039 @P1
  Scenario: A client that asks learns where the time went, and log and metrics say the same
    Given the metrics of every service are noted
    When a client that wants to know where its time went asks model-a for 0.2 seconds of work
    And a client that wants to know where its time went streams 0.1 seconds of work from model-a
    And 4 clients that want to know where their time went ask model-shared, whose worker-1 turns them away
    And a client asks model-a
    And the metrics of every service are noted again
    Then every client that asked is told where its time went, and the log and the metrics say the same

  @FULL-010 @CHAT-037 @P1
  Scenario: A request can be followed by its id through the logs of every tier, and the metrics count it without
    Given the metrics of every service are noted
    When a client asks model-a
    And a client streams 5 tokens from model-b
    And the metrics of every service are noted again
    Then each request can be followed by its id through what was asked, where it went and what was inferred

  @CHAT-037 @P1
  Scenario: However a request ends, the log has one line of it
    When a client asks model-a
    And a client asks model-unheard-of
    And a client with a wrong key asks model-a
    And a client sends a chat with a temperature of 3
    And 2 clients leave in the middle of their streams from model-a
    Then every log line is structured, and each request has one line of its end under its id

  @GATE-010 @P1
  Scenario: Names that clients make up never become labels
    Given the metrics of every service are noted
    When 40 chats for models that somebody made up are sent
    And the metrics of every service are noted again
    Then every client is refused with status 404 and code model_not_found
    And no metric has a label that a client made up

  @GATE-010 @P1 @topology.default
  Scenario: What the metrics say of a worker goes with the worker
    When a worker worker-x of model-x starts on hive-1
    Then worker-x is routable within the registration time
    And the gateway's metrics show worker-x within the convergence time
    When hive-1 removes worker-x
    Then the gateway's metrics no longer show worker-x within the convergence time

  @GATE-014 @P1
  Scenario: On a connection that is kept alive, the gateway adds next to nothing to the first token
    When 20 streams are taken by turns from model-a and from worker-1 itself, each after 0.01 seconds
    Then every stream is whole: each token once, in order, a finish reason and the end marker
    And the gateway made an undisturbed first token no later than by the added first token time

  @CHAT-035 @P1
  Scenario: What passes through the gateway does not stay in its memory
    Given 60 large chats for model-a have warmed the gateway up
    And the gateway's memory and connections are noted
    When 140 large chats for model-a are sent
    And the gateway's memory and connections are noted again
    Then the gateway's memory grew by less than 25 percent of what passed through it

  @CHAT-036 @P1
  Scenario: Clients that leave take their connections to the workers with them
    Given the gateway's memory and connections are noted
    When 8 clients leave in the middle of their streams from model-a
    And 8 clients leave streams from model-b that have stalled
    Then no request is in flight within the slot release time
    And the gateway has no more connections than before within the slot release time
