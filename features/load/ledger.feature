@load @slow @topology.small @fresh_stack
Feature: The usage ledger is exact, whenever the gateway dies under load

  # `hivecheck bench ledger` is the same with 50 kills and 10000 answers.
  @INT-012 @CHAT-019 @P1 @requires.kill @requires.restart
  Scenario: Many kills of the gateway at random moments under load lose no request and double none
    Given steady load of 100 requests per second on model-a
    And a client is streaming from model-a, with a response that has run for 0.8 seconds
    When the gateway is killed at 20 random moments of 2000 answers
    Then every request that a worker received is booked exactly once, through 20 kills of the gateway under load
