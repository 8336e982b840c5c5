@integration @topology.short_timeouts
Feature: No request waits for ever, and none that lives is cut

  @CLU-016 @CLU-038 @GATE-007 @P1
  Scenario: A worker that never answers costs its client no more than the promised time
    When 2 chats at once for model-a meet a worker that hangs
    Then each of them was refused with status 504 and code upstream_timeout, by its worker
    And each of them ended within the time the gateway promises
    And each of them ended within the hung request time

  @CLU-038 @GATE-007 @P1
  Scenario: A stream that falls silent ends with an error its client can read
    When 2 streams at once of model-b meet a worker that stalls
    Then each of them broke off with error event upstream_timeout within the stream abort time

  @chaos @NF-007 @P2
  Scenario Outline: A stream that ends too early, to the byte, ends with an error event of its own and in time
    Given steady load of 20 requests per second on model-a
    When 2 streams at once of model-b meet <mishap>
    Then each of them broke off with error event <code> within the stream abort time
    When 2 chats at once for model-b meet nothing out of the ordinary
    Then each of them was answered
    When the load ends
    Then all of the load was answered

    Examples:
      | mishap                               | code                    |
      | a cut in mid-event                   | upstream_disconnected   |
      | a worker that forgets the end marker | upstream_protocol_error |

  @CLU-038 @P1
  Scenario: An answer that only drips in is given up, in a way that its client can tell
    When 1 chats for model-b meet a worker that drips
    Then each of them broke off visibly within the stream abort time

  @CLU-038 @GATE-007 @P1
  Scenario: A slow stream that lives is not cut, however long it takes
    When a client streams 12 tokens from model-b, one every 0.12 seconds
    Then every stream is whole: each token once, in order, a finish reason and the end marker
    And every stream outlasted 1.0 seconds, longer than any time limit of the gateway
