@integration
Feature: Who cannot serve is out of rotation, who can again is back, and nobody waits for either

  @GATE-006 @P1 @requires.kill @requires.restart @topology.attached
  Scenario: A worker that is gone leaves rotation, and models and readiness say so
    When worker-1 is killed
    Then worker-1 is not routable within the worker detection time
    And clients are offered exactly model-b and model-shared
    And the gateway is ready
    When worker-1 is started again
    Then worker-1 is routable within the worker return time
    And clients are offered exactly model-a, model-b and model-shared

  @GATE-006 @P1 @requires.pause
  Scenario: Who waits at a worker that freezes is served by another one, or told where there is none
    Given 2 clients of model-a are waiting for its answer
    And a client waits, with patience, for the first token of model-shared
    When worker-a is paused
    And the worker serving the request is paused
    Then that worker is not routable within the pause detection time
    And each of them was refused with status 504 and code upstream_timeout, by its worker
    And each of them ended within the pause detection time
    And every request was sent to another worker within the pause detection time of the pause
    And every client was answered
    When worker-a is resumed
    Then worker-a is routable within the worker return time

  @GATE-006 @P1
  Scenario: A worker whose stream flows is no wedge, whatever its health checks say; one that nobody hears of is
    Given a client is streaming from model-a, whose worker fails its health checks meanwhile
    Then worker-a stays routable until the stream has ended, for longer than the pause detection time
    And every stream is whole: each token once, in order, a finish reason and the end marker
    When a client waits for model-a, whose worker fails its health checks meanwhile
    Then hive-1 reports worker-a as hung within the pause detection time

  @GATE-012 @P1 @requires.terminate @requires.restart @topology.small @fresh_stack
  Scenario: A gateway that is asked to stop takes nothing new, finishes what it has, and can be started again at once
    Given a client is streaming from model-a
    When the gateway is terminated
    Then the gateway is not ready within the convergence time
    When 2 chats at once for model-a meet nothing out of the ordinary
    Then each of them was refused with status 503 and code draining, with no request to any worker
    And every stream is whole: each token once, in order, a finish reason and the end marker
    And the shutdown of the gateway is clean within the cascading shutdown time
    When the gateway is started again
    Then the gateway is ready within the restart time

  @GATE-012 @P1 @requires.terminate @topology.small_retry_budget @fresh_stack
  Scenario: A stream that outlives the deadline of a stopping gateway is cut in a way that its client can tell
    Given a client is streaming from model-a
    When the gateway is terminated
    Then every stream broke off so that its client can tell, by error event draining
    And the shutdown of the gateway is clean within the cascading shutdown time
