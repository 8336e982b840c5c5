@integration @topology.default
Feature: A hive keeps its workers going, and leaves nobody behind

  @SVC-011 @P1
  Scenario: A worker that crashes at once is restarted after growing waits, then given up, and can be reset
    Given a hive hive-9 joins the stack, with workers that crash at once
    When a worker worker-x of model-x starts on hive-9
    Then hive-9 reports worker-x as fatal within the restart time
    And hive-9 waited longer before each of 4 restarts of worker-x, up to its cap
    And hive-9 says of worker-x: exit code 3
    And hive-9 calls itself unhealthy
    When worker-x of hive-9 is reset
    Then hive-9 has restarted worker-x 6 times within the restart time

  @SVC-011 @P1 @requires.kill
  Scenario: After a stable time a crash counts as the first again
    Given a hive hive-9 joins the stack, with workers that can be killed
    And a worker worker-x of model-x serves on hive-9
    When worker-x is killed
    And worker-x of hive-9 is back for longer than the stable time
    And worker-x is killed
    And worker-x of hive-9 is back for longer than the stable time
    Then hive-9 waited no longer than at first before each of 2 restarts of worker-x

  @SVC-011 @P1
  Scenario: A worker whose models never answer is ended, and counts as crashed
    Given a hive hive-9 joins the stack, with workers that never answer
    When a worker worker-mute of model-x starts on hive-9
    Then hive-9 reports worker-mute as fatal within the restart time
    And hive-9 says of worker-mute: its models did not answer within
    And the registry does not know worker-mute

  @SVC-011 @P1 @requires.pause
  Scenario: A worker that stands still for good is replaced
    Given a hive hive-9 joins the stack, with workers that must not stand still
    And a worker worker-x of model-x serves on hive-9
    And the epoch of worker-x is noted
    When worker-x is paused
    Then worker-x is registered with a newer epoch within the restart time
    And hive-9 says of worker-x: hung for

  @SVC-011 @P1
  Scenario: A worker that is merely busy is not restarted
    Given a hive hive-9 joins the stack, with workers that must not stand still
    And a worker worker-x of model-x serves on hive-9
    And the gateway offers model-x within the convergence time
    When clients send 6 concurrent chats for model-x, simulating 0.3 seconds of work
    Then every request was answered, 6 in total
    And hive-9 never restarted worker-x

  @INT-013 @P1 @requires.kill @requires.terminate @requires.restart
  Scenario Outline: A hive that comes back replaces the workers it managed, and touches nobody else's
    Given the workers of hive-1 are noted
    And the workers of hive-2 are noted
    When hive-1 <ends>
    And hive-1 is started again
    Then every worker of hive-1 is registered anew within the restart time
    And each worker of hive-1 is one process
    And the workers of hive-2 are untouched
    When clients send 6 chats for model-a
    Then every request was answered, 6 in total
    And every request was served by exactly one worker of its model

    Examples:
      | ends            |
      | is killed       |
      | is asked to stop |

  @INT-013 @P1 @requires.kill @requires.pause @requires.restart
  Scenario: A worker that outlived its hive is known by its record and ended
    Given the workers of hive-1 are noted
    When worker-a is paused
    And hive-1 and what guards its workers are killed
    And hive-1 is started again
    Then every worker of hive-1 is registered anew within the restart time
    And each worker of hive-1 is one process

  @INT-013 @P1 @topology.attached @requires.kill @requires.terminate @requires.restart
  Scenario Outline: A hive that comes back attaches the workers that ran on without it
    When hive-1 <ends>
    And hive-1 is started again
    Then hive-1 reports worker-1 as alive within the restart time
    And worker-1 is online in the registry within the registration time
    And 2 heartbeats of worker-1 move its time, each within the heartbeat time
    And worker-1 and worker-2 were never started again
    When clients send 6 chats for model-a
    Then every request was answered, 6 in total
    And every request was served by exactly one worker of its model

    Examples:
      | ends            |
      | is killed       |
      | is asked to stop |

  @INT-013 @P1 @requires.kill
  Scenario: Nobody outlives a hive that is killed, not even behind a wrapper
    Given a hive hive-9 joins the stack, with workers behind a wrapper
    And a worker worker-x of model-x serves on hive-9
    When hive-9 is killed
    Then no process of hive-9 is left within the clean up time
    And worker-x is offline in the registry within the lease expiry time

  @INT-013 @P1 @requires.terminate
  Scenario: Nobody outlives a hive that is asked to stop, not even behind a wrapper
    Given a hive hive-9 joins the stack, with workers behind a wrapper
    And a worker worker-x of model-x serves on hive-9
    When hive-9 is asked to stop
    Then no process of hive-9 is left within the clean up time
    And the registry does not know worker-x

  @INT-013 @P1 @requires.terminate
  Scenario: Nobody outlives a hive that ends while a worker starts
    Given a hive hive-9 joins the stack, with workers that never answer
    When a worker worker-x of model-x starts on hive-9
    And hive-9 is asked to stop
    Then no process of hive-9 is left within the clean up time
    And the registry does not know hive-9

  @INT-013 @SVC-011 @P1 @requires.kill
  Scenario: A killed wrapper is replaced together with what it had started
    Given a hive hive-9 joins the stack, with workers behind a wrapper
    And a worker worker-x of model-x serves on hive-9
    And the epoch of worker-x is noted
    When worker-x is killed
    Then worker-x is registered with a newer epoch within the restart time
    And hive-9 runs worker-x once, and nothing of what ran before
