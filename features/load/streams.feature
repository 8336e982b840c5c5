@load @topology.high_load
Feature: Streams keep their integrity under load

  @integration @GATE-016 @LOAD-002 @P1 @exclusive
  Scenario: A thousand concurrent streams are all whole
    When a load of 1000 clients for 1.2 seconds runs on model-a, streamed, simulating a token every 0.5 seconds
    Then the load reached 1000 concurrent requests
    And every stream of the load was whole and in order
    And the load met "ttft_p99<2"

  @integration @LOAD-006 @LOAD-007 @P1 @exclusive
  Scenario Outline: An open loop keeps its schedule and reports its lateness, and its streams are whole and in order
    When a load of <schedule> runs on model-a, streamed, simulating a token every 0.02 seconds
    Then every stream of the load was whole and in order
    And the load met "error_rate<=0, ttft_p99<0.5, max_stall<1"
    And the load reports lateness, ttft and throughput with p50, p95 and p99

    Examples:
      | schedule                                                      |
      | 120 requests per second for 1 second                          |
      | 120 requests per second for 1 second, with Poisson arrivals   |

  # Few requests: more broken streams in a row open the circuits of both workers, and the gateway then refuses.
  @integration @LOAD-007 @P1
  Scenario Outline: The load counts each defect of a stream as what it is
    When a load of 10 requests per second for 0.4 seconds runs on model-a<kind>, simulating <defect>
    Then the load counted every request as <outcome>

    Examples:
      | kind                            | defect                           | outcome      |
      | , streamed and past the gateway | a connection reset in mid-stream | truncated    |
      | , streamed and past the gateway | only the end marker missing      | unterminated |
      | , streamed                      | a repeated token                 | duplicated   |
      | , streamed                      | two tokens in the wrong order    | reordered    |
      | , streamed                      | an error event                   | error_event  |
      | , streamed                      | a connection reset in mid-stream | error_event  |
      | , streamed                      | a pause of 2.5 seconds in mid-stream | stalled  |
