@integration @topology.default
Feature: Hives and the gateway report the health of their workers

  @SVC-001 @P0 @FULL-008
  Scenario: The hive and the gateway report healthy workers as healthy
    Then hive-1 reports worker-a as alive
    And hive-1 reports itself as healthy
    And the gateway reports itself as healthy and hive-1 as healthy
    And the gateway is ready

  @SVC-001 @P0 @FULL-008 @requires.kill
  Scenario: The hive and the gateway report a dead worker as degraded health
    When worker-a is killed
    Then hive-1 reports worker-a as dead within the worker detection time
    And hive-1 reports itself as degraded
    And the gateway reports itself as degraded and hive-1 as degraded within the convergence time
    And hive-1 reports worker-a as alive within the restart time
    And the gateway reports itself as healthy and hive-1 as healthy within the convergence time

  @SVC-001 @P0 @requires.pause
  Scenario: The hive reports a paused worker as hung
    When worker-a is paused
    Then hive-1 reports worker-a as hung within the pause detection time
    And hive-1 reports itself as degraded
    And the registry no longer lists worker-a within the pause detection time

  @SVC-001 @P0 @requires.pause
  Scenario: The hive reports a resumed worker as alive
    When worker-a is paused
    And hive-1 reports worker-a as hung within the pause detection time
    And the registry no longer lists worker-a within the pause detection time
    And worker-a is resumed
    Then hive-1 reports worker-a as alive within the worker return time
    And worker-a is online in the registry within the registration time

  @FULL-008 @P1 @topology.small @fresh_stack @requires.terminate
  Scenario: The gateway is not ready without a worker and refuses requests with Retry-After
    When hive-1 is terminated
    And the gateway is not ready within the convergence time
    And the gateway reports itself as unhealthy within the convergence time
    And a client sends a chat for model-a
    And hive-1 is started again
    Then the gateway is ready within the restart time
    And every request was refused with status 503 and code no_available_workers, with a Retry-After header
