@integration @topology.default
Feature: Health tells the truth, from worker to hive to orchestrator

  @SVC-001 @P0 @FULL-008
  Scenario: All is well
    Then hive-1 reports worker-a as alive
    And hive-1 calls itself healthy
    And the orchestrator calls itself healthy and hive-1 healthy
    And the orchestrator is ready

  @SVC-001 @P0 @FULL-008 @requires.kill
  Scenario: A dead worker shows at its hive and at the orchestrator
    When worker-a is killed
    Then hive-1 reports worker-a as dead within the worker detection time
    And hive-1 calls itself degraded
    And the orchestrator calls itself degraded and hive-1 degraded within the convergence time
    And hive-1 reports worker-a as alive within the restart time
    And the orchestrator calls itself healthy and hive-1 healthy within the convergence time

  @SVC-001 @P0 @requires.pause
  Scenario: A wedged worker is not called alive, and comes back
    When worker-a is paused
    Then hive-1 reports worker-a as hung within the pause detection time
    And hive-1 calls itself degraded
    And worker-a is out of the registry within the pause detection time
    When worker-a is resumed
    Then hive-1 reports worker-a as alive within the worker return time
    And the registry lists worker-a within the registration time

  @FULL-008 @P1 @topology.small @fresh_stack @requires.terminate
  Scenario: When nothing can serve, the orchestrator is not ready and says when to come back
    When hive-1 is asked to stop
    Then the orchestrator stops being ready within the convergence time
    And the orchestrator calls itself unhealthy within the convergence time
    When a client sends a chat for model-a
    Then every request was refused with status 503 and code no_available_workers, with a Retry-After header
    When hive-1 is started again
    Then the orchestrator is ready within the restart time
