@integration @chaos @topology.small
Feature: Workers crash, hang and ignore SIGTERM under load, and clients lose few requests

  @WC-001 @P1 @requires.kill @exclusive
  Scenario: A worker killed before its first byte fails no request, and the load recovers
    Given a worker worker-3 of model-a serves on hive-1
    And steady load of 50 requests per second on model-a
    And a client waits for the first token of model-a, with a slow response
    When a SIGKILL is injected into the worker serving the request
    Then that worker is not routable within the worker detection time
    And hive-1 restarted that worker at least once within the restart time
    And that worker is routable within the worker return time
    And another worker answered every request at the second attempt
    And the load on model-a is back to normal within the recovery time of the fault
    And every retryable load request was answered
    And at least 50 load requests were answered while the fault was active

  @WC-001 @P1 @requires.kill @exclusive
  Scenario: A worker killed after its first byte breaks its streams visibly, and no request is sent twice
    Given a worker worker-3 of model-a serves on hive-1
    And steady load of 50 requests per second on model-a
    And a client is streaming from model-a, with a long response
    When a SIGKILL is injected into the worker serving the request
    Then that worker is not routable within the worker detection time
    And every stream broke off visibly
    And every request took one attempt
    And the load on model-a is back to normal within the recovery time of the fault
    And every retryable load request was answered

  @WC-002 @P1 @requires.kill
  Scenario: A worker that crashes right after registration disappears within one lease
    Given steady load of 20 requests per second on model-a
    And a hive hive-9 joins the stack without workers
    When a worker worker-x of model-x starts on hive-9
    And hive-9 is killed as soon as the registry lists worker-x
    Then worker-x is offline in the registry within the lease expiry time
    And worker-x is offline in the status API within the lease expiry time
    And the gateway no longer offers model-x within the convergence time
    And every load request was answered

  @WC-004 @P1 @requires.kill @requires.exec
  Scenario: A hive kills a worker that ignores SIGTERM after the grace time, and no other worker is affected
    Given steady load of 20 requests per second on model-a
    And a hive hive-9 joins the stack with workers that ignore SIGTERM
    And a worker worker-x of model-x serves on hive-9
    And a worker worker-x-2 of model-x serves on hive-9
    When hive-9 is asked to stop worker-x
    Then hive-9 kills worker-x after the grace time within the node stop time
    And no process of worker-x is left within the settling time
    And hive-9 never restarted worker-x-2
    And every load request was answered

  @WC-005 @P1 @requires.kill @exclusive
  Scenario: The remaining workers answer all requests when half the workers are killed at once
    Given a worker worker-3 of model-a serves on hive-1
    And a worker worker-4 of model-a serves on hive-1
    And steady load of 50 requests per second on model-a
    When a SIGKILL is injected into half the workers of model-a
    And the load continues for a while
    Then every retryable load request was answered
    And at least 50 load requests were answered while the fault was active

  @WC-006 @P1 @requires.pause
  Scenario: A paused worker leaves routing, the other workers answer, and it returns after it resumes
    Given a worker worker-3 of model-a serves on hive-1
    And steady load of 20 requests per second on model-a
    When a process pause is injected into worker-3
    And worker-3 is not routable within the pause detection time
    And the load continues for a while
    And a process pause is removed from worker-3
    Then worker-3 is routable within the worker return time
    And the load on model-a is back to normal within the recovery time of the fault
    And every retryable load request was answered
    And at least 20 load requests were answered while the fault was active

  @WC-006 @P1 @requires.pause @fresh_stack
  Scenario: A model is not offered while all its workers are paused, and recovers after they resume
    Given steady load of 20 requests per second on model-a
    When a process pause is injected into every worker of hive-1
    And the gateway no longer offers model-a within the convergence time
    And the load continues for a while
    And a process pause is removed from every worker of hive-1
    Then the load on model-a is back to normal within the recovery time of the removal

  @WC-006 @P1 @requires.exec @topology.sensitive_breaker @exclusive
  Scenario: The gateway detects a gray failure by hanging requests and probes the worker again
    Given a worker worker-3 of model-a serves on hive-1, with an admin port
    And steady load of 50 requests per second on model-a, at the workers' own pace
    When a gray failure is injected into worker-3
    And the circuit of worker-3 is not closed within the pause detection time
    And hive-1 reports worker-3 as alive
    And the load continues for a while
    And a gray failure is removed from worker-3
    Then the circuit of worker-3 is closed within the worker return time
    And the load on model-a is back to normal within the recovery time of the removal
    And every retryable load request was answered
    And at least 50 load requests were answered while the fault was active
    And worker-3 answered load requests sent after the removal
