@integration @chaos @topology.small @fresh_stack
Feature: The registry tolerates the loss of its database at run time

  @INT-007 @P2 @requires.exec
  Scenario Outline: A registry that cannot write its database reports degraded health, serves from memory and stores its entries later
    Given a worker worker-3 of model-a serves on hive-1
    And a worker worker-4 of model-x serves on hive-1
    And steady load of 20 requests per second on model-a
    And the registry has stored exactly what it lists within the database fault detection time
    When <fault> is injected into registry
    And the registry reports a database fault within the database fault detection time
    And hive-1 removes worker-4
    And a service worker-gone is registered
    And a service worker-late is registered
    Then the registry lists worker-late, queues it for the database and reports itself as degraded
    When <fault> is removed from registry
    Then the registry has stored exactly what it lists within the database fault detection time
    And the load on model-a is back to normal within the recovery time of the fault
    And every load request was answered

    Examples:
      | fault                       |
      | a lock on the database      |
      | a file write limit of 0 bytes |

  @INT-007 @P2 @requires.exec
  Scenario: A registry stores all its entries again when its database file is replaced
    Given a worker worker-3 of model-a serves on hive-1
    And a worker worker-4 of model-a serves on hive-1, and is removed again
    And steady load of 20 requests per second on model-a
    And the registry has stored exactly what it lists within the database fault detection time
    When a replacement of the database is injected into registry
    And the registry reports a database fault within the database fault detection time
    And the registry has stored exactly what it lists within the database fault detection time
    And a service worker-late is registered
    Then the registry has stored exactly what it lists within the database fault detection time
    And the load on model-a is back to normal within the recovery time of the fault
    And every load request was answered
