@integration @chaos @topology.five_workers @fresh_stack
Feature: Faults that nobody chose strike one after another while clients keep coming

  @LOAD-010 @P1 @requires.kill @requires.terminate @requires.pause @requires.restart
  Scenario: Whatever the seed draws within the tolerance, nobody gets a wrong answer, and whoever can be helped is helped
    Given a worker worker-6 of model-a serves on hive-1, with an admin port
    And steady load of 20 requests per second on model-a, at its workers' own pace
    When the faults of the fault plan are injected and removed
    And the load has gone on for a while
    And the load ends
    Then every request of the load was answered that could be tried again
    And no request of the load was answered wrongly or booked twice
    And every worker can be routed to again within the restart time
