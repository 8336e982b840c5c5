@integration
Feature: Who cannot serve is out of rotation, who can again is back, and nobody waits for either

  @GATE-006 @P1 @requires.kill @requires.restart @topology.attached
  Scenario: A worker that is gone leaves rotation, and models and readiness say so
    When worker-1 is killed
    Then worker-1 is out of routing within the worker detection time
    And the gateway offers exactly model-b and model-shared to a client
    And the orchestrator is ready
    When the node of worker-1 is started again
    Then worker-1 can be routed to within the worker return time
    And the gateway offers exactly model-a, model-b and model-shared to a client

  @GATE-006 @P1 @requires.pause
  Scenario: Who waits at a worker that freezes is served by another one, or told where there is none
    Given a batch of 2 requests for model-a is waiting for a response
    And a client waits for the first token of model-shared, with a slow response
    When worker-a is paused
    And the worker serving the request is paused
    Then that worker is out of routing within the pause detection time
    And every request of the batch was refused with status 504 and code upstream_timeout by its worker
    And every request of the batch ended within the pause detection time
    And the gateway rerouted every request within the pause detection time of the pause
    And every request was answered
    When worker-a is resumed
    Then worker-a can be routed to within the worker return time

  @GATE-006 @P1
  Scenario: A worker whose stream flows is no wedge, whatever its health checks say; one that nobody hears of is
    Given a client is streaming from model-a, with failing health checks
    Then worker-a stays in routing until the stream has ended, for longer than the pause detection time
    And every stream is whole
    When a client waits for the first token of model-a, with failing health checks
    Then hive-1 reports worker-a as hung within the pause detection time

  @GATE-012 @P1 @requires.terminate @requires.restart @topology.small @fresh_stack
  Scenario: A gateway that is asked to stop takes nothing new, finishes what it has, and can be started again at once
    Given a client is streaming from model-a
    When the orchestrator is asked to stop
    Then the orchestrator stops being ready within the convergence time
    When clients send a batch of 2 concurrent chats for model-a
    Then every request of the batch was refused with status 503 and code draining, before any upstream request
    And every stream is whole
    And the orchestrator ends in good order within the cascading shutdown time
    When the orchestrator is started again
    Then the orchestrator is ready within the restart time

  @GATE-012 @P1 @requires.terminate @topology.small_retry_budget @fresh_stack
  Scenario: A stream that outlives the deadline of a stopping gateway is cut in a way that its client can tell
    Given a client is streaming from model-a
    When the orchestrator is asked to stop
    Then every stream broke off visibly with error event draining
    And the orchestrator ends in good order within the cascading shutdown time
