@integration @topology.short_timeouts
Feature: No request waits for ever, and none that lives is cut

  @CLU-016 @CLU-038 @GATE-007 @P1
  Scenario: A worker that never answers costs its client no more than the promised time
    When clients send a batch of 2 concurrent chats for model-a, simulating a hang
    Then every request of the batch was refused with status 504 and code upstream_timeout by its worker
    And every request of the batch ended within the time that the gateway promises
    And every request of the batch ended within the hung request time

  @CLU-038 @GATE-007 @P1
  Scenario: A stream that falls silent ends with an error its client can read
    When clients send a batch of 2 concurrent streams for model-b, simulating a stall in mid-stream
    Then every request of the batch broke off visibly with error event upstream_timeout within the stream abort time

  @chaos @NF-007 @P2
  Scenario Outline: A stream that ends too early, to the byte, ends with an error event of its own and in time
    Given steady load of 20 requests per second on model-a
    When clients send a batch of 2 concurrent streams for model-b, simulating <behaviour>
    Then every request of the batch broke off visibly with error event <code> within the stream abort time
    When clients send a batch of 2 concurrent chats for model-b
    Then every request of the batch was answered
    When the load ends
    Then all of the load was answered

    Examples:
      | behaviour          | code                    |
      | a cut in mid-event | upstream_disconnected   |
      | no end marker      | upstream_protocol_error |

  @CLU-038 @P1
  Scenario: An answer that only drips in is given up, in a way that its client can tell
    When clients send a batch of 1 sequential chat for model-b, simulating a body that never ends
    Then every request of the batch broke off visibly within the stream abort time

  @CLU-038 @GATE-007 @P1
  Scenario: A slow stream that lives is not cut, however long it takes
    When a client streams 12 tokens from model-b, simulating a token every 0.12 seconds
    Then every stream is whole
    And every stream lasted longer than 1.0 seconds
