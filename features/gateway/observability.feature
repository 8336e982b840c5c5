@integration @topology.attached
Feature: The gateway reports each request, and keeps nothing of it

  @CHAT-039 @P1
  Scenario: Timing headers, log and metrics agree on the time of each request phase
    Given the metrics of every service are noted
    When clients send 1 timed chat for model-a, simulating 0.2 seconds of work
    And clients send 1 timed stream for model-a, simulating 0.1 seconds of work
    And clients send 4 timed chats for model-shared, simulating a 503 response at worker-1
    And a client sends a chat for model-a
    And the metrics of every service are noted again
    Then every client that asked is told where its time went, and the log and the metrics say the same

  @FULL-010 @CHAT-037 @P1
  Scenario: One request id joins the logs of every tier, and no metric has it as a label
    Given the metrics of every service are noted
    When a client sends a chat for model-a
    And a client streams 5 tokens from model-b
    And the metrics of every service are noted again
    Then each request can be followed by its id through what was asked, where it went and what was inferred

  @CHAT-037 @P1
  Scenario: The log has one final line per request, however the request ends
    When a client sends a chat for model-a
    And a client sends a chat for model-unheard-of
    And a client with a wrong key sends a chat for model-a
    And a client sends a chat with a temperature of 3
    And clients abort 2 streams of model-a
    Then every log line is structured, and each request has one line of its end under its id

  @GATE-010 @P1
  Scenario: Unknown names from clients never become metric labels
    Given the metrics of every service are noted
    When clients send 40 chats, each for another unknown model
    And the metrics of every service are noted again
    Then every request was refused with status 404 and code model_not_found
    And no metric has a label that a client made up

  @GATE-010 @P1 @topology.default
  Scenario: The metrics of a worker disappear with the worker
    When a worker worker-x of model-x starts on hive-1
    Then worker-x is routable within the registration time
    And the gateway's metrics show worker-x within the convergence time
    When hive-1 removes worker-x
    Then the gateway's metrics no longer show worker-x within the convergence time

  @GATE-014 @P1
  Scenario: The gateway adds almost nothing to the time to first token on a kept connection
    When a client sends 20 streams for model-a to the gateway and to worker-1 in turn, simulating 0.01 seconds of work
    Then every stream is whole
    And the added time to first token is within the added first token time

  @CHAT-035 @P1
  Scenario: The gateway's memory does not grow with the traffic
    Given 60 large chats for model-a have warmed the gateway up
    And the gateway's memory and connections are noted
    When clients send 140 large chats for model-a
    And the gateway's memory and connections are noted again
    Then the gateway's memory grew by less than 25 percent of what passed through it

  @CHAT-036 @P1
  Scenario: A cancelled request leaves no open connection to its worker
    Given the gateway's memory and connections are noted
    When clients abort 8 streams of model-a
    And clients abort 8 stalled streams of model-b
    Then no request is in flight within the slot release time
    And the gateway has no more connections than before within the slot release time
