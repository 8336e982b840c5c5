@integration @topology.single_slot
Feature: The gateway releases everything that a request holds, however the request ends

  @GATE-002 @P1
  Scenario: A cancelled request leaves the worker's queue
    Given a batch of 1 request for model-shared is queued behind 3 running requests
    When the clients of the batch disconnect
    Then the workers cancel every request of the batch within the cancellation time

  @GATE-002 @P1
  Scenario Outline: A cancelled request frees the worker's slot
    Given a batch of 2 requests for model-shared is <phase>
    When the clients of the batch disconnect
    Then the workers cancel every request of the batch within the cancellation time
    And no request is in flight within the slot release time

    Examples:
      | phase                  |
      | waiting for a response |
      | waiting for a stream   |
      | streaming              |
      | stalled in mid-stream  |

  @GATE-003 @P1 @topology.short_timeouts
  Scenario: The in-flight counts return to zero after every kind of ending, and load is balanced again
    Given the epoch of worker-1 is noted
    And a batch of 4 requests for model-shared is streaming
    When the clients of the batch disconnect
    And clients send a batch of 2 concurrent streams for model-shared, simulating a connection reset in mid-stream
    And a batch of 4 requests for model-shared is waiting for a response
    And the clients of the batch disconnect
    And clients send a batch of 1 sequential chat for model-b, simulating a hang
    And clients send a batch of 1 sequential chat for model-a, simulating a crash
    And no request is in flight within the slot release time
    And worker-1 is registered with a newer epoch within the restart time
    And worker-1 is routable within the convergence time
    And clients send 40 chats for model-shared
    Then every request was answered, 40 in total
    And each worker of model-shared served at least 35 percent of the requests
    And no request is in flight within the slot release time

  @GATE-001 @CLU-014 @P1 @requires.kill @topology.default
  Scenario: A worker crash breaks only its own streams, visibly and without a retry
    Given a client is streaming from model-shared
    And a client is streaming from model-shared
    When the worker serving the request is killed
    Then exactly the streams of the killed worker broke off visibly
    And every request took one attempt
    And every request is booked exactly once, with the tokens that its worker counted

  @GATE-001 @P1 @topology.short_timeouts
  Scenario: A stream is complete with its end marker, even if the worker breaks off after it
    When a client streams 4 tokens from model-b, simulating a connection reset after the end marker
    Then every request was answered, 1 in total
    And every request took one attempt
    And every request is booked exactly once, with the tokens that its worker counted

  @GATE-001 @CLU-014 @P1 @topology.short_timeouts
  Scenario Outline: A stream that ends early never looks complete
    When clients send a batch of 2 <streams> for model-b, simulating <behaviour>
    Then every request of the batch broke off visibly with error event <code> within the stream abort time

    Examples:
      | streams                       | behaviour                        | code                    |
      | concurrent streams            | a connection reset in mid-stream | upstream_disconnected   |
      | concurrent streams            | no end marker                    | upstream_protocol_error |
      | concurrent completion streams | no end marker                    | upstream_protocol_error |
