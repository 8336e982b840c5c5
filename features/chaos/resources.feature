@integration @chaos
Feature: Services refuse excess work when memory, CPU time or descriptors run short

  @RE-002 @P2 @topology.low_memory @fresh_stack
  Scenario: A worker with nearly full memory answers small requests correctly
    Given steady load of 20 requests per second on model-b
    And worker-2 fills 95 percent of its memory
    When clients send 5 chats for model-b
    And a client streams 20 tokens from model-b
    Then every request was answered
    And every request was served by exactly one worker of its model
    And every stream is whole
    When the load continues for a while
    And the load ends
    Then every load request was answered

  @RE-002 @P2 @topology.attached @requires.memory
  Scenario: A worker on a node with nearly full memory answers small requests correctly and survives
    Given steady load of 20 requests per second on model-b
    When memory pressure at 95 % is injected into worker-2
    And clients send 5 chats for model-b
    And a client streams 20 tokens from model-b
    Then every request was answered
    And every request was served by exactly one worker of its model
    And every stream is whole
    When the load continues for a while
    And memory pressure at 95 % is removed from worker-2
    And clients send a batch of 3 sequential chats for model-b
    Then every request of the batch was answered
    When the load ends
    Then every load request was answered

  @RE-002 @P2 @topology.low_memory @fresh_stack
  Scenario: A worker with nearly full memory refuses large requests only
    Given steady load of 20 requests per second on model-b
    And worker-2 fills 95 percent of its memory
    When a client streams 1000 tokens from model-b
    Then every request was refused with status 503 and code not_enough_memory, with a Retry-After header
    When clients send a batch of 3 sequential chats for model-b
    Then every request of the batch was answered
    When the load continues for a while
    And the load ends
    Then every load request was answered

  @RE-003 @P2 @topology.low_limits @requires.cpu @exclusive
  Scenario: A throttled gateway answers every request within its limit, refuses the excess and recovers
    Given steady load of 40 requests per second on model-a
    When CPU throttling is injected into orchestrator
    And the load ends
    And clients send a batch of 6 concurrent chats for model-a, simulating 0.1 seconds of work
    Then every request of the batch was answered
    When clients send a batch of 12 concurrent chats for model-a, simulating 6 seconds of work
    Then the gateway answered 8 of the batch and refused the others with status 503 and code no_available_workers
    When CPU throttling is removed from orchestrator
    Then the kernel does not throttle orchestrator while chats for model-a are answered
    And no load request was answered incorrectly or booked twice

  @RE-004 @P2 @topology.low_limits
  Scenario: A hive without free descriptors rejects new connections and completes its streams
    Given steady load of 20 requests per second on model-a
    And a client is streaming from model-a
    When connection exhaustion is injected into hive-1
    Then hive-1 rejects new connections with status 503 and closes them within the connection rejection time
    And every stream is whole
    When connection exhaustion is removed from hive-1
    And clients send a batch of 5 sequential chats for model-a
    Then every request of the batch was answered
    When the load continues until it is back to normal
    And the load ends
    Then the load on model-a is back to normal within the recovery time of the removal

  @RE-005 @P2 @topology.low_memory
  Scenario: A worker with full accelerator memory refuses requests with figures, and other models keep working
    Given steady load of 20 requests per second on model-b
    And a client is streaming from model-a, with a long response
    When clients send a batch of 3 sequential chats for model-a
    Then every request of the batch was refused with status 507 and code insufficient_storage, after one upstream request each
    And each refusal states the needed and the free memory
    When clients send a batch of 5 sequential chats for model-b
    Then every request of the batch was answered
    And the client's response is still running
    When the client's response is complete
    And clients send a batch of 3 sequential chats for model-a
    Then every request of the batch was answered
    And every stream is whole
    When the load ends
    Then every load request was answered
