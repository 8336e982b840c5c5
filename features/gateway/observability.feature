@integration @topology.attached
Feature: The gateway reports each request, and keeps nothing of it

  @CHAT-039 @P1
  Scenario: Timing headers, log and metrics agree on the time of each request phase
    Given every metrics page is noted
    When clients send 1 timed chat for model-a, simulating 0.2 seconds of work
    And clients send 1 timed stream for model-a, simulating 0.1 seconds of work
    And clients send 4 timed chats for model-shared, simulating a 503 response at worker-1
    And clients send 2 timed chats for model-b, simulating a 422 response
    And clients send 1 timed chat for model-unheard-of
    And a client sends a chat for model-a
    And every metrics page is noted
    Then every request has a time breakdown that log and metrics confirm

  @FULL-010 @CHAT-037 @P1
  Scenario: One request id joins the logs of every tier, and no metric has it as a label
    Given every metrics page is noted
    When a client sends a chat for model-a
    And a client streams 5 tokens from model-b
    And clients send 4 chats for model-shared, simulating a 503 response at worker-1
    And every metrics page is noted
    Then every request has a log trace from arrival over routing to inference

  @CHAT-037 @P1
  Scenario: The log has one final line per request, however the request ends
    When a client sends a chat for model-a
    And a client sends a chat for model-unheard-of
    And a client with a wrong key sends a chat for model-a
    And a client sends a chat with a temperature of 3
    And a client sends a chat for model-b, simulating a 422 response
    And a client streams 5 tokens from model-b, simulating a connection reset in mid-stream
    And clients abort 2 streams of model-a
    Then every request has one final log line, and every log line is structured

  @GATE-010 @P1
  Scenario: Unknown names from clients never become metric labels
    Given every metrics page is noted
    When clients send 40 chats, each for another unknown model
    And every metrics page is noted
    Then every request was refused with status 404 and code model_not_found
    And no metric label contains a made-up name

  @GATE-010 @P1 @topology.default
  Scenario: The metrics of a worker disappear with the worker
    Given a worker worker-x of model-x serves on hive-1
    And worker-x is routable within the registration time
    And the metrics of the gateway include worker-x within the convergence time
    When hive-1 removes worker-x
    Then the metrics of the gateway no longer include worker-x within the convergence time

  @GATE-014 @P1 @exclusive
  Scenario: The gateway adds almost nothing to the time to first token on a kept connection
    When a client sends 20 streams for model-a to the gateway and to worker-1 in turn, simulating 0.01 seconds of work
    Then every stream is whole
    And the added time to first token is within the added first token time

  @CHAT-036 @P1
  Scenario: A cancelled request leaves no open connection to its worker
    Given the resource usage of the gateway is noted
    When clients abort 8 streams of model-a
    And clients abort 8 stalled streams of model-b
    And a batch of 4 requests for model-b is waiting for a response
    And the clients of the batch disconnect
    Then no request is in flight within the slot release time
    And no new connection of the gateway is left within the slot release time
