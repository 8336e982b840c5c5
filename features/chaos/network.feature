@integration @chaos @topology.network_faults @requires.packets
Feature: The gateway handles partitions, latency, packet loss and connection resets

  @INT-004 @P2
  Scenario: The gateway reroutes requests when a partition separates it from a hive
    Given steady load of 20 requests per second on model-shared
    When clients send a batch of 8 concurrent chats for model-shared, simulating 0.1 seconds of work
    And every connection from orchestrator to hive-1 is noted
    And a partition from the orchestrator is injected into hive-1
    And the circuit of worker-shared-1 is open within the partition detection time
    And the load continues for a while
    And a partition from the orchestrator is removed from hive-1
    Then the circuit of worker-shared-1 is closed within the partition recovery time
    And no noted connection from orchestrator to hive-1 is left within the partition recovery time
    And the load on model-shared is back to normal within the recovery time of the removal
    And every retryable load request was answered
    And at least 20 load requests were answered while the fault was active

  @INT-004 @P2
  Scenario: The gateway refuses requests when a partition separates it from the only hive of a model
    Given steady load of 20 requests per second on model-a
    When a partition from the hives is injected into orchestrator
    And the circuit of worker-a is open within the partition detection time
    And clients send a batch of 3 concurrent chats for model-a
    And a partition from the hives is removed from orchestrator
    And the circuit of worker-a is closed within the partition recovery time
    And clients send 3 concurrent chats for model-a
    Then every request of the batch was refused with status 503 and code no_available_workers, before any upstream request
    And every request was answered, 3 in total
    And every request took one attempt
    And the load on model-a is back to normal within the recovery time of the removal

  @NF-006 @P1
  Scenario: The gateway ends a stream with a timeout error after a silent crash of its hive
    Given steady load of 20 requests per second on model-shared
    And a batch of 1 request for model-a is streaming
    When a silent crash is injected into hive-1
    And the client's response is complete
    And worker-a is offline in the registry within the lease expiry time
    And a silent crash is removed from hive-1
    And worker-a is routable within the stack ready time
    And clients send 3 concurrent chats for model-a
    Then every request of the batch broke off visibly with error event upstream_timeout within the silent peer time
    And every request was answered, 3 in total
    And every retryable load request was answered

  @NF-007 @P2
  Scenario: The gateway ends a stream with an error event after a reset in mid-response
    Given steady load of 20 requests per second on model-shared
    And a client is streaming from model-a, with a long response
    When a reset after 4096 bytes to the orchestrator is injected into hive-1
    And the client's response is complete
    And a reset after 4096 bytes to the orchestrator is removed from hive-1
    And the circuit of worker-a is closed within the partition recovery time
    And clients send a batch of 3 concurrent chats for model-a
    Then every stream broke off visibly with error event upstream_disconnected
    And every request for a model with one worker took one attempt
    And every request of the batch was answered
    And every retryable load request was answered

  @NF-007 @P2 @topology.attached @fresh_stack
  Scenario: SYN loss delays connections to a worker, and no request fails
    Given steady load of 20 requests per second on model-b
    When clients send 3 sequential chats for model-b
    And SYN loss to the workers is injected into orchestrator
    And a client sends a chat for model-a
    And clients send 3 sequential chats for model-b
    And the circuit of worker-1 is closed within the convergence time
    And worker-1 is online in the registry within the heartbeat time
    And SYN loss to the workers is removed from orchestrator
    And clients send a batch of 3 concurrent chats for model-a
    Then every request was answered
    And each answer of model-a took at least 0.9 seconds longer than the quickest of model-b
    And every request took one attempt
    And every request of the batch was answered
    And every load request was answered

  @NF-005 @P1
  Scenario: The gateway retries requests after a connection reset before the first byte
    Given steady load of 20 requests per second on model-shared
    When a connection reset to the orchestrator is injected into hive-1
    And the circuit of worker-shared-1 is open within the partition detection time
    And the load continues for a while
    Then every retryable load request was answered
    And at least 20 load requests were answered while the fault was active

  @NF-005 @P1
  Scenario: The gateway ends a stream with an error event after a connection reset
    Given steady load of 20 requests per second on model-shared
    And a client is streaming from model-a, with a long response
    When a connection reset to the orchestrator is injected into hive-1
    And the client's response is complete
    And the load continues for a while
    Then every stream broke off visibly with error event upstream_disconnected
    And every retryable load request was answered

  @NF-001 @P1
  Scenario Outline: The gateway retries a partitioned hive with growing waits and routes to it again after the partition
    Given steady load of 10 requests per second on model-a
    When a partition from the orchestrator is injected into hive-1 for <seconds> seconds
    And the circuit of worker-a is open within the partition detection time
    And worker-a is online in the registry within the heartbeat time
    And a partition from the orchestrator is over on hive-1
    And the circuit of worker-a is closed within the partition recovery time
    And clients send a batch of 3 concurrent chats for model-a
    Then hive-1 was retried with growing waits
    And every request of the batch was answered
    And the load on model-a is back to normal within the recovery time of the removal

    Examples: a cut that shows it
      | seconds |
      | 18      |

    @slow
    Examples: the whole length
      | seconds |
      | 30      |

  @NF-002 @P1
  Scenario: Latency of 500 ms delays responses, keeps streams whole and ejects no worker
    Given steady load of 10 requests per second on model-a
    When 500 ms latency to the orchestrator is injected into hive-1
    And clients send 5 sequential streams of 10 tokens for model-a
    And clients send 5 sequential streams of 10 tokens for model-b
    And the circuit of worker-a is closed within the convergence time
    And worker-a is online in the registry within the heartbeat time
    And 500 ms latency to the orchestrator is removed from hive-1
    And clients send a batch of 3 concurrent chats for model-a
    Then every stream is whole
    And each answer of model-a took at least 0.35 seconds longer than the quickest of model-b
    And every request took one attempt
    And every request of the batch was answered
    And the load on model-a is back to normal within the recovery time of the removal
    And every load request was answered

  @NF-004 @P2
  Scenario: A bandwidth limit of 10 KB/s slows the long streams of one hive only and keeps them whole
    Given steady load of 10 requests per second on model-b
    When a 10 KB/s bandwidth limit to the orchestrator is injected into hive-1
    And clients send 2 sequential streams of 100 tokens for model-a
    And clients send 2 sequential streams of 100 tokens for model-b
    And the circuit of worker-a is closed within the convergence time
    And worker-a is online in the registry within the heartbeat time
    And a 10 KB/s bandwidth limit to the orchestrator is removed from hive-1
    And clients send a batch of 3 concurrent chats for model-a
    Then every stream is whole
    And each answer of model-a took at least 1.5 seconds longer than the quickest of model-b, which took at most 50 percent of that time
    And every request took one attempt
    And every request of the batch was answered
    And every load request was answered

  @NF-003 @P1 @topology.default
  Scenario: Packet loss of 30 % to a hive fails no request
    Given steady load of 10 requests per second on model-b
    When a client sends a chat for model-a
    And 30 % packet loss from the orchestrator is injected into hive-1
    And clients send 40 sequential chats for model-a
    And worker-a is online in the registry within the heartbeat time
    And 30 % packet loss from the orchestrator is removed from hive-1
    And clients send a batch of 3 concurrent chats for model-a
    Then every request was answered
    And every request took one attempt
    And at least 3 TCP segments to hive-1 were retransmitted
    And every request of the batch was answered
    And every load request was answered

  @GATE-006 @P1 @topology.attached @requires.pause
  Scenario: A hive tolerates latency of 500 ms to a worker
    Given steady load of 20 requests per second on model-shared
    When 500 ms latency to the workers is injected into hive-1
    And a client is streaming from model-a, with a long response
    Then worker-1 stays routable until the stream has ended, for longer than the pause detection time
    And hive-1 reports worker-1 as alive
    And the gateway is ready
    And the gateway offers exactly model-a, model-b and model-shared to a client
    And every retryable load request was answered

  @GATE-006 @P1 @topology.attached @requires.pause
  Scenario: A hive detects a paused worker in spite of latency of 500 ms
    Given steady load of 20 requests per second on model-shared
    When 500 ms latency to the workers is injected into hive-1
    And worker-1 is paused
    And worker-1 is not routable within the pause detection time
    And worker-1 is resumed
    And worker-1 is routable within the worker return time
    And 500 ms latency to the workers is removed from hive-1
    And clients send a batch of 3 concurrent chats for model-a
    Then every request of the batch was answered
    And every retryable load request was answered

  @INT-005 @P2 @topology.attached
  Scenario Outline: A worker that its hive cannot reach leaves routing and returns after the partition
    Given steady load of 20 requests per second on model-shared
    When <cut> is injected into worker-1
    And hive-1 reports worker-1 as hung within the partition detection time
    And worker-1 is not routable within the partition detection time
    And clients send 5 chats for model-shared
    And the load continues for a while
    And hive-1 reports worker-1 as hung
    And <cut> is removed from worker-1
    Then hive-1 reports worker-1 as alive within the partition recovery time
    And worker-1 is routable within the partition recovery time
    And 3 heartbeats of worker-1 arrive, each within the heartbeat time
    And every request was answered
    And every request was served by worker-2
    And every retryable load request was answered

    Examples:
      | cut                                  |
      | a partition from the hives           |
      | 100 % packet loss to the hives   |
      | 100 % packet loss from the hives |
