@integration @topology.short_timeouts
Feature: Every request ends in time, and no limit cuts a response that makes progress

  @CLU-016 @CLU-038 @GATE-007 @P1
  Scenario: A worker that never answers costs its client at most the promised time
    When clients send 4 concurrent chats for model-a
    And clients send a batch of 2 concurrent chats for model-a, simulating a hang
    Then every request of the batch was refused with status 504 and code upstream_timeout, after at least one upstream request each
    And every request of the batch ended within the time that the gateway promises
    And every request of the batch ended within the hung request time

  @CLU-038 @GATE-007 @P1
  Scenario Outline: A stalled stream ends with an error event
    When clients send a batch of 2 concurrent streams for model-b, simulating <stall>
    Then every request of the batch broke off visibly with error event upstream_timeout within the stream abort time

    Examples: a stall without an end, and one that is longer than the idle limit and shorter than that of the first byte
      | stall                      |
      | a stall in mid-stream      |
      | a token every 0.85 seconds |

  @chaos @NF-007 @P2
  Scenario Outline: A truncated stream ends with an error event in time
    Given steady load of 20 requests per second on model-a
    When clients send a batch of 2 concurrent streams for model-b, simulating <behaviour>
    And clients send 2 concurrent chats for model-b
    Then every request of the batch broke off visibly with error event <code> within the stream abort time
    And every request was answered, 2 in total
    And every request took one attempt
    And every load request was answered

    Examples:
      | behaviour          | code                    |
      | a cut in mid-event | upstream_disconnected   |
      | no end marker      | upstream_protocol_error |

  @chaos @NF-007 @P2
  Scenario: A stream with an end marker in pieces is complete
    Given steady load of 20 requests per second on model-a
    When clients send a batch of 4 concurrent streams for model-b, simulating a slow body
    Then every request of the batch was answered
    And every load request was answered

  @CLU-038 @P1
  Scenario: The gateway aborts a body that never ends, visibly for the client
    When clients send a batch of 1 sequential chat for model-b, simulating a body that never ends
    Then every request of the batch broke off visibly within the stream abort time

  @CLU-038 @GATE-007 @P1
  Scenario: A slow stream that makes progress is not cut
    When a client streams 12 tokens from model-b, simulating a token every 0.12 seconds
    Then every stream is whole
    And every stream lasted longer than 1.0 seconds
