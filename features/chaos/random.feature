@integration @chaos @topology.five_workers @fresh_stack
Feature: Random faults are injected one after another under load

  @LOAD-010 @P1 @requires.kill @requires.terminate @requires.pause @requires.restart
  Scenario: Random faults within the fault budget cause no wrong answers and no avoidable failures
    Given a worker worker-6 of model-a serves on hive-1, with an admin port
    And steady load of 20 requests per second on model-a, at the workers' own pace
    When the faults of the fault plan are injected and removed
    And the load continues for a while
    Then every retryable load request was answered
    And no load request was answered incorrectly or booked twice
    And every worker is routable within the restart time
