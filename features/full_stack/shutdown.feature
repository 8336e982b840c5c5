@integration
Feature: The gateway shuts down cleanly after SIGTERM

  @FULL-004 @P0 @topology.cascade_shutdown @fresh_stack @requires.terminate
  Scenario: With scope cascade, the gateway stops its hives and workers and cuts no stream
    Given a hive hive-9 joins the stack with workers that crash at once
    When a worker worker-x of model-x starts on hive-9
    And hive-9 reports worker-x as fatal within the restart time
    And a client is streaming from model-a
    And the gateway is terminated
    Then every stream is whole
    And the shutdown of the gateway and the hives is clean within the cascading shutdown time
    And no process of the gateway and the hives is left

  @FULL-004 @P0 @topology.small @fresh_stack @requires.terminate
  Scenario: With scope self, the gateway stops alone, and hives and workers run on
    Given a client is streaming from model-a
    When the gateway is terminated
    Then every stream is whole
    And the shutdown of the gateway is clean within the cascading shutdown time
    And hive-1 reports itself as healthy
    And hive-1 reports worker-1 as alive
    And hive-1 reports worker-2 as alive
