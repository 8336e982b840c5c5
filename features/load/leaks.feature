@load @topology.small
Feature: Load leaves nothing behind in any process

  @integration @LOAD-008 @P1
  Scenario: Complete requests leave nothing behind
    When clients send 9 to 30 cycles of 96 requests for model-a
    Then no process leaks memory, descriptors, sockets, threads, tasks or requests

  @integration @LOAD-008 @CHAT-035 @P1
  Scenario: Requests and responses with large bodies leave nothing behind
    When clients send 9 to 30 cycles of 24 requests for model-a, with large bodies
    Then no process leaks memory, descriptors, sockets, threads, tasks or requests

  @integration @INT-015 @P2
  Scenario: A long stream and the requests beside it leave nothing behind
    Given a client is streaming from model-a, with a response of two minutes
    When clients send 9 to 30 cycles of 48 requests for model-a
    Then the client's response is still running
    And no process leaks memory, descriptors, sockets, threads, tasks or requests

  @integration @LOAD-009 @P1
  Scenario Outline: Requests that end early or slowly leave nothing behind
    When clients send 9 to 30 cycles of <count> requests for model-a<ending>
    Then no process leaks memory, descriptors, sockets, threads, tasks or requests

    Examples:
      | count | ending                                   |
      | 48    | , and disconnect at the response headers |
      | 48    | , and disconnect in mid-stream           |
      | 8     | , and read slowly                        |
      | 48    | , which workers reset in mid-stream      |

  @INT-014 @P2 @slow
  Scenario: A thousand requests and more leave nothing behind
    When clients send 20 to 30 cycles of 200 requests for model-a
    Then no process leaks memory, descriptors, sockets, threads, tasks or requests

  @LOAD-008 @P1 @slow @requires.kill
  Scenario: Workers that are killed in mid-stream leave nothing behind in the other processes
    When clients send 10 to 30 cycles of 12 requests for model-a, during which a worker is killed
    Then no process leaks memory, descriptors, sockets, threads, tasks or requests

  # A stream that grows a process for each token grows it more with each cycle, as above. Here it also ends as it must.
  @INT-015 @P2 @slow
  Scenario: A stream of ten minutes is whole, and it and the requests beside it leave nothing behind
    Given a client is streaming from model-a, with a response of ten minutes
    When clients send 20 to 30 cycles of 200 requests for model-a
    Then the client's response is still running
    And no process leaks memory, descriptors, sockets, threads, tasks or requests
    And a chat for model-a is answered
    And the client's response is complete
    And every stream is whole
    And a stream lasted longer than 599 seconds
