@integration
Feature: A worker that cannot serve leaves routing, and returns when it can serve again

  @GATE-006 @P1 @requires.kill @requires.restart @topology.attached
  Scenario: A crashed worker leaves routing, and the list of models follows
    When worker-1 is killed
    Then worker-1 is not routable within the worker detection time
    And the gateway offers exactly model-b and model-shared to a client
    And the gateway is ready

  @GATE-006 @P1 @requires.kill @requires.restart @topology.attached
  Scenario: A worker that starts again returns to routing, and the list of models follows
    When worker-1 is killed
    And worker-1 is not routable within the worker detection time
    And the gateway no longer offers model-a within the convergence time
    And worker-1 is started again
    Then worker-1 is routable within the worker return time
    And the gateway offers exactly model-a, model-b and model-shared to a client

  @GATE-006 @SVC-002 @P1 @requires.kill @requires.restart @topology.attached
  Scenario: The models of a crashed worker leave the list after a failed request
    When worker-1 is killed
    And clients send a batch of 1 sequential chat for model-a
    Then the gateway no longer offers model-a within the convergence time

  @GATE-006 @P1 @requires.pause
  Scenario: The gateway reroutes requests from a paused worker, or answers 504 without another worker
    Given a batch of 2 requests for model-a is waiting for a response
    And a client waits for the first token of model-shared, with a slow response
    When worker-a is paused
    And the worker serving the request is paused
    And that worker is not routable within the pause detection time
    And the client's response is complete
    And worker-a is resumed
    Then worker-a is routable within the worker return time
    And every request of the batch was refused with status 504 and code upstream_timeout, after one upstream request each
    And every request of the batch ended within the pause detection time
    And the gateway rerouted every request within the pause detection time of the pause
    And every request was answered

  @GATE-006 @P1
  Scenario: A worker with a running stream is not hung, whatever its health checks report
    Given a client is streaming from model-a, with failing health checks
    Then worker-a stays routable until the stream has ended, for longer than the pause detection time
    And every stream is whole

  @GATE-006 @P1
  Scenario: A worker that fails its health checks and sends nothing is hung
    When a client waits for the first token of model-a, with failing health checks
    Then hive-1 reports worker-a as hung within the pause detection time

  @GATE-006 @P1
  Scenario: A worker that resets a connection gets no request for two seconds, and then gets some again
    When a client sends chats for model-shared until worker-shared-1 resets one
    And clients send 30 sequential chats for model-shared, simulating 0.1 seconds of work
    Then worker-shared-1 received no request for 2 seconds after its failure, and some afterwards
    And every request was answered

  @GATE-006 @P1 @requires.exec
  Scenario: An idle worker that fails its health checks leaves routing until they succeed again
    Given a worker worker-x of model-x serves on hive-1, with an admin port
    When a false health report is injected into worker-x
    And hive-1 reports worker-x as hung within the pause detection time
    And worker-x is not routable within the pause detection time
    And a false health report is removed from worker-x
    Then hive-1 reports worker-x as alive within the worker return time
    And worker-x is routable within the worker return time
    And hive-1 never restarted worker-x

  @GATE-012 @P1 @requires.terminate @requires.restart @topology.small @fresh_stack
  Scenario: A draining gateway rejects new requests, finishes running ones and can restart at once
    Given a client is streaming from model-a
    When the gateway is terminated
    And the gateway is not ready within the convergence time
    And clients send a batch of 2 concurrent chats for model-a
    And the shutdown of the gateway is clean within the cascading shutdown time
    And the gateway is started again
    Then the gateway is ready within the restart time
    And every request of the batch was refused with status 503 and code draining, before any upstream request
    And every stream is whole

  @GATE-012 @P1 @requires.terminate @topology.small_retry_budget @fresh_stack
  Scenario: A stopping gateway ends streams at the drain deadline with an error event
    Given a client is streaming from model-a
    And a batch of 2 requests for model-a is waiting for a response
    When the gateway is terminated
    Then every stream broke off visibly with error event draining
    And every request of the batch was refused with status 503 and code draining, after one upstream request each
    And the shutdown of the gateway is clean within the cascading shutdown time
