@integration @topology.default
Feature: The gateway books every request once, with the tokens that client and worker counted

  @CHAT-012 @CHAT-014 @CHAT-020 @P1
  Scenario: The gateway books the worker's usage, and sends it to clients that requested it
    When a client streams 5 tokens from model-a with usage
    And a client streams 4 tokens from model-b
    And a client streams 3 tokens from model-b declining usage
    And a client sends a chat for model-c
    And a client streams 5 tokens from model-a with usage, simulating a slow body
    And a client sends a chat for model-b, simulating a slow body
    And a client sends a chat for model-b, simulating a compressed response
    Then streams end with their usage if it was requested, and without it otherwise
    And every stream is whole
    And every request is booked exactly once, with the tokens that its worker counted

  @CHAT-013 @CHAT-015 @P1
  Scenario: Without usage from the worker the gateway books an estimate
    When a client streams 6 tokens from model-a, simulating no usage
    And a client sends a chat for model-b, simulating no usage
    Then every request is booked exactly once, with the tokens that the gateway counted

  @GATE-008 @CHAT-019 @P1
  Scenario: Aborted, retried and refused requests are booked exactly once
    When clients abort 1 stream of model-a
    And clients abort 1 stream of model-a with usage
    And a client sends chats for model-shared until worker-shared-1 resets one
    And a client sends a chat for model-b, simulating a 503 response
    And a client sends a chat for model-unheard-of
    And a client streams 5 tokens from model-a with usage
    And a client streams 4 tokens from model-a
    Then every request is booked exactly once, with the tokens that its worker counted

  @GATE-001 @P1 @requires.kill
  Scenario: A stream that breaks off in a worker crash is booked as an estimate
    Given a client is streaming from model-shared
    When the worker serving the request is killed
    Then every stream broke off visibly
    And every request is booked exactly once, with the tokens that its worker counted
    And every request took one attempt

  @CHAT-038 @P1
  Scenario: Totals over a time range equal the ledger and the journals
    When a client streams 5 tokens from model-a
    And clients send 4 chats for model-shared
    And clients hold 1 session with model-a
    And every session takes another turn
    And the time is noted
    And a client with a token of ada from engines sends a chat for model-a
    And clients send 3 chats for model-shared
    Then the usage API shows the totals of ledger and journals

  @CHAT-040 @P2 @topology.multi_tenant
  Scenario: Each tenant sees only its own usage
    When a client with a key of acme sends a chat for model-a
    And a client with a token of acme sends a chat for model-b
    And a client with a key of globex sends a chat for model-a
    And a client with a token of ada without a tenant sends a chat for model-a
    Then the usage API shows each tenant its own usage only

  @CHAT-019 @P1 @requires.exec
  Scenario: The gateway serves clients while its ledger is locked, and books their requests afterwards
    When a lock on the database is injected into orchestrator
    And a client streams 4 tokens from model-a
    And clients abort 1 stream of model-a
    And a client sends a chat for model-b
    And the gateway reports itself as degraded within the convergence time
    And a lock on the database is removed from orchestrator
    Then the gateway reports itself as healthy within the convergence time
    And every request is booked exactly once, with the tokens that its worker counted

  @CHAT-019 @P1 @topology.short_ledger @fresh_stack @requires.exec
  Scenario: The gateway refuses requests that it cannot book, and serves again once it can
    Given a lock on the database is injected into orchestrator
    When clients send a batch of 5 sequential chats for model-a
    And a lock on the database is removed from orchestrator
    Then the gateway answered 3 of the batch and refused the others with status 503 and code no_available_workers
    And a chat for model-a is answered within the convergence time
    And every request is booked exactly once, with the tokens that its worker counted

  @INT-012 @CHAT-019 @P1 @topology.small @fresh_stack @exclusive @requires.kill @requires.restart
  Scenario: A killed orchestrator recovers its ledger, with the streams that were running
    Given a client is streaming from model-a, with a response that has run for 0.8 seconds
    When clients send 4 chats for model-a
    And the gateway is killed
    And the gateway is started again
    And the gateway is ready within the orchestrator return time
    And clients send 3 chats for model-a
    Then every request is booked exactly once, with the tokens that its worker counted

  @INT-012 @CHAT-019 @P1 @topology.small @fresh_stack @exclusive @requires.kill @requires.restart @requires.files
  Scenario: An orchestrator that starts with a damaged ledger moves it aside, and books in a new one
    When the gateway is killed
    And corruption of the database header is injected into orchestrator
    And the gateway is started again
    And the gateway is ready within the orchestrator return time
    And clients send 3 chats for model-a
    Then the gateway logs once that its ledger was damaged within the settling time
    And the gateway reports itself as healthy within the convergence time
    And every request is booked exactly once, with the tokens that its worker counted

  @INT-012 @CHAT-019 @P1 @topology.small @fresh_stack @exclusive @requires.terminate @requires.restart
  Scenario: A terminated orchestrator books the requests that it still finishes
    Given a client is streaming from model-a
    When the gateway is terminated
    And the client's response is complete
    And the gateway is started again
    And the gateway is ready within the orchestrator return time
    And clients send 3 chats for model-a
    Then every stream is whole
    And every request is booked exactly once, with the tokens that its worker counted

  @CHAT-019 @P1 @topology.short_ledger @fresh_stack @exclusive @requires.kill @requires.restart
  Scenario: The ledger keeps the newest requests, up to its limit
    When clients send 8 sequential chats for model-a
    And the gateway is killed
    And the gateway is started again
    And the gateway is ready within the node ready time
    Then the usage API shows only the 5 newest requests

  @CHAT-019 @P1 @topology.brief_ledger @fresh_stack @exclusive @requires.kill @requires.restart
  Scenario: The ledger deletes requests that are older than its retention time
    When clients send 3 sequential chats for model-a
    And the gateway is killed
    And the gateway is started again
    And the gateway is ready within the node ready time
    Then the usage API shows only the 0 newest requests

  # The long stream has tokens in the ledger at the first kill. The others settle within a tenth of a second.
  @INT-012 @CHAT-019 @P1 @topology.small @fresh_stack @requires.kill @requires.restart
  Scenario: Kills of the gateway at random moments under load lose no request and double none
    Given steady load of 60 requests per second on model-a
    And a client is streaming from model-a, with a response that has run for 0.8 seconds
    When the gateway is killed at 4 random moments of 150 answers
    Then every request that a worker received is booked exactly once, through 4 kills of the gateway under load
