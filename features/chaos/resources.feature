@integration @chaos
Feature: Memory, processor time and descriptors run short, and whoever has no room says so

  @RE-002 @P2 @topology.low_memory @fresh_stack
  Scenario: A worker whose memory is nearly full answers small requests rightly
    Given steady load of 20 requests per second on model-b
    And 95 percent of the memory of worker-2 are filled
    When clients send 5 chats for model-b
    And a client streams 20 tokens from model-b
    Then every request was answered
    And every request was served by exactly one worker of its model
    And every stream is whole
    When the load has gone on for a while
    And the load ends
    Then all of the load was answered

  @RE-002 @P2 @topology.attached @requires.memory
  Scenario: A worker whose machine has next to no memory left answers small requests rightly, and lives
    Given steady load of 20 requests per second on model-b
    When memory pressure at 95 % is injected into worker-2
    And clients send 5 chats for model-b
    And a client streams 20 tokens from model-b
    Then every request was answered
    And every request was served by exactly one worker of its model
    And every stream is whole
    When the load has gone on for a while
    And memory pressure at 95 % is removed from worker-2
    And clients send a batch of 3 sequential chats for model-b
    Then every request of the batch was answered
    When the load ends
    Then all of the load was answered

  @RE-002 @P2 @topology.low_memory @fresh_stack
  Scenario: A worker whose memory is nearly full refuses large requests, and nothing else
    Given steady load of 20 requests per second on model-b
    And 95 percent of the memory of worker-2 are filled
    When a client streams 1000 tokens from model-b
    Then every request was refused with status 503 and code not_enough_memory, with a Retry-After header
    When clients send a batch of 3 sequential chats for model-b
    Then every request of the batch was answered
    When the load has gone on for a while
    And the load ends
    Then all of the load was answered

  @RE-003 @P2 @topology.low_limits @requires.cpu
  Scenario: A starved gateway is slow but complete below its cap, refuses above it, and recovers
    Given steady load of 40 requests per second on model-a
    When CPU throttling is injected into orchestrator
    And the load ends
    And clients send a batch of 6 concurrent chats for model-a, simulating 0.1 seconds of work
    Then every request of the batch was answered
    When clients send a batch of 12 concurrent chats for model-a, simulating 6 seconds of work
    Then the gateway answered 8 of the batch and refused the others with status 503 and code no_available_workers
    When CPU throttling is removed from orchestrator
    Then the kernel no longer holds orchestrator back while chats for model-a are answered
    And no request of the load was answered wrongly or booked twice

  @RE-004 @P2 @topology.low_limits
  Scenario: A hive that runs out of descriptors turns newcomers away at once, and serves whom it has
    Given steady load of 20 requests per second on model-a
    And a client is streaming from model-a
    When connection exhaustion is injected into hive-1
    Then newcomers at hive-1 are turned away with 503 and closed, each within the connection rejection time
    And every stream is whole
    When connection exhaustion is removed from hive-1
    And clients send a batch of 5 sequential chats for model-a
    Then every request of the batch was answered
    When the load has gone on until it is back to normal
    And the load ends
    Then the load on model-a was back to normal within the recovery time of the healing

  @RE-005 @P2 @topology.low_memory
  Scenario: A full accelerator refuses its own model in numbers, and other models go on
    Given steady load of 20 requests per second on model-b
    And a client is streaming from model-a, with a long response
    When clients send a batch of 3 sequential chats for model-a
    Then every request of the batch was refused with status 507 and code insufficient_storage, after one upstream request each
    And each refusal says how much was needed and how much was free
    When clients send a batch of 5 sequential chats for model-b
    Then every request of the batch was answered
    And the client's response is still running
    When the client's response is complete
    And clients send a batch of 3 sequential chats for model-a
    Then every request of the batch was answered
    And every stream is whole
    When the load ends
    Then all of the load was answered
