@load @topology.high_load @exclusive
Feature: Streams keep their integrity under load

  @integration @GATE-016 @LOAD-002 @P1
  Scenario: A thousand concurrent streams are all whole
    When a load of 1000 clients for 3 seconds runs on model-a, streamed, simulating a token every 0.5 seconds
    Then the load reached 1000 concurrent requests
    And every stream of the load was whole and in order
    And the load met "ttft_p99<2"

  @integration @LOAD-007 @P1
  Scenario: Streams under load are whole and in order
    When a load of 100 requests per second for 3 seconds runs on model-a, streamed, simulating a token every 0.02 seconds
    Then every stream of the load was whole and in order
    And the load met "max_stall<1"

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
