@integration @topology.default
Feature: Every request is booked once, with the tokens that client and worker saw

  @CHAT-012 @CHAT-014 @CHAT-020 @P1
  Scenario: What the worker says of its usage is booked, and shown to those who asked for it
    When a client streams 5 tokens from model-a, asking for the usage
    And a client streams 4 tokens from model-b
    And a client asks model-c
    Then streams end with their usage where it was asked for, and without it elsewhere
    And every stream is whole: each token once, in order, a finish reason and the end marker
    And every request is booked exactly once, as its worker counted it

  @CHAT-013 @CHAT-015 @P1
  Scenario: What a worker keeps to itself is counted on its way and booked as an estimate
    When a client streams 6 tokens from model-a, whose worker tells no usage
    And a client asks model-b, whose worker tells no usage
    Then every request is booked exactly once, as it was counted on its way

  @GATE-008 @CHAT-019 @P1
  Scenario: Aborted, retried and refused requests are booked once, like all others
    When a client leaves in the middle of a stream from model-a
    And a client leaves in the middle of a stream from model-a, having asked for the usage
    And a client asks model-shared, whose worker-shared-1 resets every connection
    And a client asks model-b, whose workers all fail
    And a client asks model-unheard-of
    And a client streams 5 tokens from model-a, asking for the usage
    And a client streams 4 tokens from model-a
    Then every request is booked exactly once, as its worker counted it

  @GATE-001 @P1 @requires.kill
  Scenario: What was relayed before its worker died is booked, as an estimate
    Given a client is streaming from model-shared
    When the worker serving the request is killed
    Then every stream broke off so that its client can tell
    And every request is booked exactly once, as its worker counted it
    And no request was sent to a second worker

  @CHAT-038 @P1
  Scenario: Totals over a range of time equal the ledger and the journals
    When a client streams 5 tokens from model-a
    And 4 chats for model-shared are sent
    And the time is marked
    And a client with a token of ada from engines asks model-a
    And 3 chats for model-shared are sent
    Then the usage by worker, by model and by key, before and after that time, is what ledger and journals say

  @CHAT-040 @P2 @topology.multi_tenant
  Scenario: Neither of two tenants sees the usage of the other
    When a client with a key of acme asks model-a
    And a client with a token of acme asks model-b
    And a client with a key of globex asks model-a
    Then each tenant is shown its own usage, and nothing of another's

  @CHAT-019 @P1 @requires.exec
  Scenario: While the ledger cannot be written, clients are served, and booked as soon as it can
    When a lock on the database is injected into orchestrator
    And a client streams 4 tokens from model-a
    And a client leaves in the middle of a stream from model-a
    And a client asks model-b
    Then the gateway reports itself as degraded within the convergence time
    When a lock on the database is removed from orchestrator
    Then the gateway reports itself as healthy within the convergence time
    And every request is booked exactly once, as its worker counted it

  @INT-012 @CHAT-019 @P1 @topology.small @fresh_stack @requires.kill @requires.restart
  Scenario: An orchestrator that was killed has its ledger again, and what it was streaming is in it
    Given a client has been streaming from model-a for 0.8 seconds
    When 4 chats for model-a are sent
    And the gateway is killed
    And the gateway is started again
    Then the gateway is ready within the orchestrator return time
    When 3 chats for model-a are sent
    Then every request is booked exactly once, as its worker counted it

  @INT-012 @CHAT-019 @P1 @topology.small @fresh_stack @requires.terminate @requires.restart
  Scenario: An orchestrator that was asked to stop books what it still finishes
    Given a client is streaming from model-a
    When the gateway is terminated
    And the client has its answer
    And the gateway is started again
    Then the gateway is ready within the orchestrator return time
    When 3 chats for model-a are sent
    Then every stream is whole: each token once, in order, a finish reason and the end marker
    And every request is booked exactly once, as its worker counted it
