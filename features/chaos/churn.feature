@integration @chaos
Feature: Hives share requests, and workers join and leave under load

  @INT-001 @P1 @topology.two_hives
  Scenario: The gateway distributes requests over both hives
    When clients send 40 chats for model-shared
    And clients send 40 sequential chats for model-shared
    Then every request was answered
    And every request was served by exactly one worker of its model
    And each hive served at least 35 percent of the requests

  @INT-002 @P1 @topology.small
  Scenario: Workers join and leave under load, and no request fails
    Given steady load of 20 requests per second on model-a
    When 5 workers of model-a start on hive-1 at the same time
    And the load continues for a while
    And hive-1 removes 3 of the new workers
    And 2 workers of model-a start on hive-1 at the same time
    And the load ends
    Then processes, hives, registry and routing agree on the workers within the convergence time
    And no request failed, and at least 20 were in flight while workers joined and left
