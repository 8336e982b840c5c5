@integration
Feature: An orchestrator that is asked to stop

  @FULL-004 @P0 @topology.cascade_shutdown @fresh_stack @requires.terminate
  Scenario: With scope cascade it ends its hives and their workers, and no answer is cut
    Given a client is streaming from model-a
    When the orchestrator is asked to stop
    Then every stream is whole
    And the orchestrator, the hives and their workers end in good order within the cascading shutdown time
    And no process of the orchestrator or a hive is left

  @FULL-004 @P0 @topology.small @fresh_stack @requires.terminate
  Scenario: With scope self it ends alone, and hives and workers go on
    Given a client is streaming from model-a
    When the orchestrator is asked to stop
    Then every stream is whole
    And the orchestrator ends in good order within the cascading shutdown time
    And the hives and their workers go on
