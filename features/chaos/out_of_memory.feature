@integration @chaos @requires.memory
Feature: The kernel OOM-kills workers, and their hive reports the reason

  @INT-008 @P2 @topology.default @fresh_stack
  Scenario: A hive never offers a model that does not fit into memory and reports the reason
    Given steady load of 20 requests per second on model-a
    And the memory of hive-1 is noted
    When a worker worker-huge of model-declared with 1024 MiB of weights starts on hive-1
    And the kernel OOM-kills a process of hive-1 within the restart time
    And hive-1 restarted worker-huge at least once within the restart time
    And a client sends a chat for model-declared
    Then hive-1 reports the last exit of worker-huge: out of memory
    And worker-huge is unknown to the registry
    And every request was refused with status 503 and code no_available_workers, with a Retry-After header
    And every load request was answered

  @INT-008 @P2 @topology.default @fresh_stack
  Scenario: A hive frees the memory of a worker that did not fit
    Given steady load of 20 requests per second on model-a
    And the memory of hive-1 is noted
    And a worker worker-huge of model-declared with 1024 MiB of weights starts on hive-1
    And the kernel OOM-kills a process of hive-1 within the restart time
    And hive-1 restarted worker-huge at least once within the restart time
    When hive-1 removes worker-huge
    Then the memory of hive-1 grew by at most 32 MiB within the settling time
    And hive-1 never restarted worker-a
    And hive-1 never restarted worker-shared-1
    And every load request was answered

  @INT-009 @P2 @topology.default @fresh_stack
  Scenario: An OOM kill in mid-stream affects only its worker, and the memory is freed
    Given steady load of 20 requests per second on model-shared
    And the memory of hive-1 is noted
    And a client is streaming from model-a
    When an OOM kill is injected into worker-a
    And worker-a is not routable within the worker detection time
    And clients send a batch of 6 sequential chats for model-shared
    And an OOM kill is removed from worker-a
    Then worker-a is routable within the restart time
    And the memory of hive-1 grew by at most 32 MiB within the settling time
    And hive-1 never restarted worker-shared-1
    And every stream broke off visibly
    And every request of the batch was answered
    And every load request was answered

  @WC-003 @P1 @topology.two_hives
  Scenario: A hive detects the OOM kill of a worker, removes the worker and restarts it
    Given steady load of 10 requests per second on model-shared
    And the epoch of worker-1 is noted
    When an OOM kill is injected into worker-1
    And worker-1 is not routable within the worker detection time
    And an OOM kill is removed from worker-1
    Then worker-1 is registered with a newer epoch within the restart time
    And hive-1 restarted worker-1 at least once within the restart time
    And hive-1 reports the last exit of worker-1: out of memory
    And the load on model-shared is back to normal within the recovery time of the removal
    And every retryable load request was answered
