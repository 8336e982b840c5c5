@integration @topology.single_slot
Feature: A client that leaves, a worker that dies, a request that hangs: nothing is held on to

  @GATE-002 @P1
  Scenario: A client that leaves while its request is queued frees its place
    Given a client of model-shared is queued, all 3 slots being taken
    When they leave
    Then their workers let go of what was queued within the cancellation time

  @GATE-002 @P1
  Scenario Outline: A client that leaves frees the slot of its worker
    Given 2 clients of model-shared are <phase>
    When they leave
    Then their workers let go of what was <phase> within the cancellation time
    And no request is in flight within the slot release time

    Examples:
      | phase                           |
      | waiting for its answer          |
      | waiting for its stream to begin |
      | streaming                       |
      | stalled in mid-stream           |

  @GATE-003 @P1 @topology.short_timeouts
  Scenario: Whatever became of requests, none of them is counted for ever, and work is shared evenly again
    Given the epoch of worker-1 is noted
    And 4 clients of model-shared are streaming
    When they leave
    And 2 streams at once of model-shared meet a worker that resets the connection
    Given 4 clients of model-shared are waiting for its answer
    When they leave
    And 1 chats for model-b meet a worker that hangs
    And 1 chats for model-a meet a worker that crashes
    Then no request is in flight within the slot release time
    And worker-1 is registered with a newer epoch within the restart time
    And worker-1 is routable within the convergence time
    When 40 chats for model-shared are sent
    Then all 40 chats were answered
    And each worker of model-shared served at least 35 percent of them
    And no request is in flight within the slot release time

  @GATE-001 @CLU-014 @P1 @requires.kill @topology.default
  Scenario: A worker that dies breaks its own streams only, visibly, and nothing is sent again
    Given a client is streaming from model-shared
    And a client is streaming from model-shared
    When the worker serving the request is killed
    Then the streams of the worker that was killed broke off, and every other stream is whole
    And no request was sent to a second worker
    And every request is booked exactly once, as its worker counted it

  @GATE-001 @CLU-014 @P1 @topology.short_timeouts
  Scenario Outline: However a stream ends too early, it never looks like its proper end
    When 2 streams at once of model-b meet <mishap>
    Then each of them broke off with error event <code> within the stream abort time

    Examples:
      | mishap                               | code                    |
      | a worker that resets the connection  | upstream_disconnected   |
      | a worker that forgets the end marker | upstream_protocol_error |
