@integration @chaos @topology.small @fresh_stack
Feature: The registry's database is taken from it while it runs

  @INT-007 @P2 @requires.exec
  Scenario Outline: A registry that cannot write its database says so, serves from memory, and stores everything once it can
    Given a worker worker-3 of model-a serves on hive-1
    And steady load of 20 requests per second on model-a
    And the registry has stored exactly what it lists within the database fault detection time
    When <fault> is injected into registry
    Then the registry reports a database fault within the database fault detection time
    When a service worker-late is registered
    Then the registry lists worker-late, queues it for the database and reports itself as degraded
    When <fault> is removed from registry
    Then the registry has stored exactly what it lists within the database fault detection time
    When the load ends
    Then all of the load was answered
    And the load on model-a was back to normal within the recovery time of the fault

    Examples:
      | fault                       |
      | a lock on the database      |
      | a file write limit of 0 bytes |

  @INT-007 @P2 @requires.exec
  Scenario: A registry whose database is replaced under its hands fills the new file with all it knows
    Given a worker worker-3 of model-a serves on hive-1
    And steady load of 20 requests per second on model-a
    And the registry has stored exactly what it lists within the database fault detection time
    When a replacement of the database is injected into registry
    Then the registry reports a database fault within the database fault detection time
    And the registry has stored exactly what it lists within the database fault detection time
    When a service worker-late is registered
    Then the registry has stored exactly what it lists within the database fault detection time
    When the load has gone on for a while
    And the load ends
    Then all of the load was answered
    And the load on model-a was back to normal within the recovery time of the fault
