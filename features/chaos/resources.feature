@integration @chaos
Feature: Memory, processor time and descriptors run short, and whoever has no room says so

  @RE-002 @P2 @topology.low_memory @fresh_stack
  Scenario: A worker whose memory is nearly full answers small requests rightly
    Given steady load of 20 requests per second on model-b
    And 95 percent of the memory of worker-2 are filled
    When 5 chats for model-b are sent
    And a client streams 20 tokens from model-b
    Then every client was answered
    And every request was served by exactly one worker of its model
    And every stream is whole: each token once, in order, a finish reason and the end marker
    When the load has gone on for a while
    And the load ends
    Then all of the load was answered

  @RE-002 @P2 @topology.attached @requires.memory
  Scenario: A worker whose machine has next to no memory left answers small requests rightly, and lives
    Given steady load of 20 requests per second on model-b
    When memory pressure at 95 % is injected into worker-2
    And 5 chats for model-b are sent
    And a client streams 20 tokens from model-b
    Then every client was answered
    And every request was served by exactly one worker of its model
    And every stream is whole: each token once, in order, a finish reason and the end marker
    When the load has gone on for a while
    And memory pressure at 95 % is removed from worker-2
    And 3 chats for model-b meet nothing out of the ordinary
    Then each of them was answered
    When the load ends
    Then all of the load was answered

  @RE-002 @P2 @topology.low_memory @fresh_stack
  Scenario: A worker whose memory is nearly full refuses large requests, and nothing else
    Given steady load of 20 requests per second on model-b
    And 95 percent of the memory of worker-2 are filled
    When a client streams 1000 tokens from model-b
    Then every client is refused with status 503 and code not_enough_memory, and told when to come back
    When 3 chats for model-b meet nothing out of the ordinary
    Then each of them was answered
    When the load has gone on for a while
    And the load ends
    Then all of the load was answered

  @RE-003 @P2 @topology.low_limits @requires.cpu
  Scenario: A starved gateway is slow but complete below its cap, refuses above it, and recovers
    Given steady load of 40 requests per second on model-a
    When CPU throttling is injected into orchestrator
    And the load ends
    And 6 chats at once for model-a meet work of 0.1 seconds
    Then each of them was answered
    When 12 chats at once for model-a meet work of 6 seconds
    Then 8 of them were answered, the others were refused with status 503 and code no_available_workers
    When CPU throttling is removed from orchestrator
    Then the kernel no longer holds orchestrator back while chats for model-a are answered
    And no request of the load was answered wrongly or booked twice

  @RE-004 @P2 @topology.low_limits
  Scenario: A hive that runs out of descriptors turns newcomers away at once, and serves whom it has
    Given steady load of 20 requests per second on model-a
    And a client is streaming from model-a
    When connection exhaustion is injected into hive-1
    Then newcomers at hive-1 are turned away with 503 and closed, each within the connection rejection time
    And every stream is whole: each token once, in order, a finish reason and the end marker
    When connection exhaustion is removed from hive-1
    And 5 chats for model-a meet nothing out of the ordinary
    Then each of them was answered
    When the load has gone on until it is back to normal
    And the load ends
    Then the load on model-a was back to normal within the recovery time of the healing

  @RE-005 @P2 @topology.low_memory
  Scenario: A full accelerator refuses its own model in numbers, and other models go on
    Given steady load of 20 requests per second on model-b
    And a client is streaming a long answer from model-a
    When 3 chats for model-a meet nothing out of the ordinary
    Then each of them was refused with status 507 and code insufficient_storage, by its worker
    And each refusal says how much was needed and how much was free
    When 5 chats for model-b meet nothing out of the ordinary
    Then each of them was answered
    And a client's answer is still under way
    When the client has its answer
    And 3 chats for model-a meet nothing out of the ordinary
    Then each of them was answered
    And every stream is whole: each token once, in order, a finish reason and the end marker
    When the load ends
    Then all of the load was answered
