@integration @chaos
Feature: Services refuse excess work when memory, CPU time or descriptors run short

  @RE-002 @P2 @topology.low_memory @fresh_stack
  Scenario: A worker with nearly full memory answers small requests correctly
    Given steady load of 20 requests per second on model-b
    And worker-2 fills 95 percent of its memory
    When clients send 5 chats for model-b
    And a client streams 20 tokens from model-b
    And the load continues for a while
    Then every request was answered
    And every request was served by exactly one worker of its model
    And every stream is whole
    And every load request was answered

  @RE-002 @P2 @topology.attached @requires.memory
  Scenario: A worker on a node with nearly full memory answers small requests correctly and survives
    Given steady load of 20 requests per second on model-b
    When memory pressure at 95 % is injected into worker-2
    And clients send 5 chats for model-b
    And a client streams 20 tokens from model-b
    And the load continues for a while
    And memory pressure at 95 % is removed from worker-2
    And clients send a batch of 3 sequential chats for model-b
    Then every request was answered
    And every request was served by exactly one worker of its model
    And every stream is whole
    And every request of the batch was answered
    And every load request was answered

  @RE-002 @P2 @topology.low_memory @fresh_stack
  Scenario: A worker with nearly full memory refuses large requests only
    Given steady load of 20 requests per second on model-b
    And worker-2 fills 95 percent of its memory
    When a client streams 1000 tokens from model-b
    And clients hold 1 session with model-b, with 2 turns each and a first prompt of 1000 words
    And clients send a batch of 3 sequential chats for model-b
    And the load continues for a while
    Then every request was refused with status 503 and code not_enough_memory, with a Retry-After header
    And every request of the batch was answered
    And every load request was answered

  @RE-003 @P2 @topology.low_limits @requires.cpu @exclusive
  Scenario: A throttled gateway answers every request within its limit, refuses the excess and recovers
    Given steady load of 40 requests per second on model-a
    When CPU throttling is injected into orchestrator
    And the load ends
    And clients send 6 concurrent chats for model-a, simulating 0.1 seconds of work
    And clients send a batch of 12 concurrent chats for model-a, simulating 6 seconds of work
    And CPU throttling is removed from orchestrator
    Then every request was answered, 6 in total
    And every request took one attempt
    And the gateway answered 8 of the batch and refused the others with status 503 and code no_available_workers
    And the kernel does not throttle orchestrator while chats for model-a are answered
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
    And the load on model-a is back to normal within the recovery time of the removal

  @RE-005 @P2 @topology.low_memory
  Scenario: A disconnect frees the accelerator memory of its request
    Given steady load of 20 requests per second on model-b
    When clients abort 7 streams of model-a
    And the load ends
    And no request is in flight within the slot release time
    And clients send a batch of 4 concurrent chats for model-a, simulating 0.1 seconds of work
    Then every request of the batch was answered
    And every load request was answered

  @RE-005 @P2 @topology.low_memory
  Scenario: A worker with full accelerator memory refuses requests with figures, and other models keep working
    Given steady load of 20 requests per second on model-b
    And a client is streaming from model-a, with a long response
    When clients send a batch of 3 sequential chats for model-a
    And clients send 5 sequential chats for model-b
    And the client's response is still running
    And the client's response is complete
    And clients send 3 sequential chats for model-a
    Then every request of the batch was refused with status 507 and code insufficient_storage, after at least one upstream request each
    And each refusal states the needed and the free memory
    And every request was answered, 9 in total
    And every request took one attempt
    And every stream is whole
    And every load request was answered
