@integration @topology.default
Feature: A hive restarts its workers and leaves no orphan process

  @SVC-011 @P1
  Scenario: A hive restarts a crashing worker with growing waits up to a limit
    Given a hive hive-9 joins the stack with workers that crash at once
    When a worker worker-x of model-x starts on hive-9
    Then hive-9 reports worker-x as fatal within the restart time
    And hive-9 waited longer each time, up to its cap, before each of 4 restarts of worker-x
    And hive-9 reports the last exit of worker-x: exit code 3
    And hive-9 reports itself as unhealthy

  @SVC-011 @P1
  Scenario: A hive restarts a crashing worker again after a reset
    Given a hive hive-9 joins the stack with workers that crash at once
    When a worker worker-x of model-x starts on hive-9
    And hive-9 reports worker-x as fatal within the restart time
    And hive-9 is asked to reset worker-x
    Then hive-9 restarted worker-x at least 6 times within the restart time

  @SVC-011 @P1 @requires.kill
  Scenario: A hive resets the restart wait of a worker after a stable time
    Given a hive hive-9 joins the stack with workers that wait long before a restart
    And a worker worker-x of model-x serves on hive-9
    When worker-x is killed
    And worker-x of hive-9 is alive again for longer than the stable time
    And worker-x is killed
    And worker-x of hive-9 is alive again for longer than the stable time
    Then hive-9 waited the shortest time before each of 2 restarts of worker-x

  @SVC-011 @P1
  Scenario: A hive stops a worker that never answers for its models and counts it as crashed
    Given a hive hive-9 joins the stack with workers that never answer
    When a worker worker-mute of model-x starts on hive-9
    Then hive-9 reports worker-mute as fatal within the restart time
    And hive-9 reports the last exit of worker-mute: its models did not answer within
    And worker-mute is unknown to the registry

  @SVC-011 @P1 @requires.pause
  Scenario: A hive restarts a worker that hangs for too long
    Given a hive hive-9 joins the stack with workers that must not hang
    And a worker worker-x of model-x serves on hive-9
    And the epoch of worker-x is noted
    When worker-x is paused
    Then worker-x is registered with a newer epoch within the restart time
    And hive-9 reports the last exit of worker-x: hung for

  @SVC-011 @P1
  Scenario: A hive does not restart a busy worker
    Given a hive hive-9 joins the stack with workers that must not hang
    And a worker worker-x of model-x serves on hive-9
    And the gateway offers model-x within the convergence time
    When clients send 6 concurrent chats for model-x, simulating 0.3 seconds of work
    Then every request was answered, 6 in total
    And hive-9 never restarted worker-x

  @INT-013 @P1 @requires.kill @requires.terminate @requires.restart
  Scenario Outline: A restarted hive replaces its own managed workers only
    Given the worker list of hive-1 is noted
    And the worker list of hive-2 is noted
    When hive-1 <ends>
    And hive-1 is started again
    And every worker of hive-1 is registered with a newer epoch within the restart time
    And worker-a is routable within the convergence time
    And clients send 6 chats for model-a
    Then hive-1 runs one process of each worker
    And the workers of hive-2 run on without a restart
    And every request was answered, 6 in total
    And every request was served by exactly one worker of its model

    Examples:
      | ends            |
      | is killed       |
      | is terminated   |

  @INT-013 @P1 @requires.kill @requires.pause @requires.restart
  Scenario: A restarted hive stops a worker that survived the hive
    Given the worker list of hive-1 is noted
    When worker-a is paused
    And hive-1 is killed with its orphan guard
    And hive-1 is started again
    Then every worker of hive-1 is registered with a newer epoch within the restart time
    And hive-1 runs one process of each worker

  @INT-013 @P1 @topology.attached @requires.kill @requires.terminate @requires.restart
  Scenario Outline: A restarted hive attaches the workers that ran on without it
    Given the worker list of hive-1 is noted
    When hive-1 <ends>
    And hive-1 is started again
    And hive-1 reports worker-1 as alive within the restart time
    And worker-1 is online in the registry within the registration time
    And worker-1 is routable within the convergence time
    And clients send 6 chats for model-a
    Then 2 heartbeats of worker-1 arrive, each within the heartbeat time
    And worker-1 and worker-2 run on without a restart
    And the workers of hive-1 run on without a restart
    And every request was answered, 6 in total
    And every request was served by exactly one worker of its model

    Examples:
      | ends            |
      | is killed       |
      | is terminated   |

  @INT-013 @P1 @topology.attached @requires.kill @requires.pause @requires.restart
  Scenario: A hive notices that an attached worker restarted between two of its probes
    Given the epoch of worker-1 is noted
    When hive-1 is paused
    And worker-1 is killed
    And worker-1 is started again
    And hive-1 is resumed
    Then worker-1 is registered with a newer epoch within the restart time

  @INT-013 @P1 @requires.kill
  Scenario: No worker survives the SIGKILL of its hive, not even behind a wrapper
    Given a hive hive-9 joins the stack with workers behind a wrapper
    And a worker worker-x of model-x serves on hive-9
    When hive-9 is killed
    Then no process of hive-9 is left within the clean up time
    And worker-x is offline in the registry within the lease expiry time

  @INT-013 @P1 @requires.terminate
  Scenario: No worker survives the SIGTERM of its hive, not even behind a wrapper
    Given a hive hive-9 joins the stack with workers behind a wrapper
    And a worker worker-x of model-x serves on hive-9
    When hive-9 is terminated
    Then no process of hive-9 is left within the clean up time
    And worker-x is unknown to the registry

  @INT-013 @P1 @requires.terminate
  Scenario: No worker survives a hive that exits while the worker starts
    Given a hive hive-9 joins the stack with workers that never answer
    When a worker worker-x of model-x starts on hive-9
    And hive-9 is terminated
    Then no process of hive-9 is left within the clean up time
    And hive-9 is unknown to the registry

  @INT-013 @SVC-011 @P1 @requires.terminate
  Scenario: A hive with a fatal worker stops as soon as any other
    Given a hive hive-9 joins the stack with workers that crash at once
    When a worker worker-x of model-x starts on hive-9
    And hive-9 reports worker-x as fatal within the restart time
    And hive-9 is terminated
    Then the shutdown of hive-9 is clean within the node stop time
    And hive-9 is unknown to the registry

  @INT-013 @SVC-011 @P1 @requires.kill
  Scenario: A hive replaces a killed wrapper together with its worker process
    Given a hive hive-9 joins the stack with workers behind a wrapper
    And a worker worker-x of model-x serves on hive-9
    And a worker worker-x-2 of model-y serves on hive-9
    And the epoch of worker-x is noted
    When worker-x is killed
    Then worker-x is registered with a newer epoch within the restart time
    And hive-9 runs one process of worker-x, and it is new
    And hive-9 never restarted worker-x-2
