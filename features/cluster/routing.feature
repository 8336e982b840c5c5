@integration @topology.default
Feature: The gateway routes each request to a worker of its model

  @CLU-009 @CLU-011 @P1
  Scenario: The gateway routes a chat without streaming to a worker of its model
    When a client asks model-a
    And a client asks model-b
    And a client asks model-c
    Then every answer is a full chat completion of the model that was asked for
    And every request was served by exactly one worker of its model

  @CLU-009 @CLU-010 @P1
  Scenario: The gateway routes a stream to a worker of its model
    When a client streams 6 tokens from model-a
    And a client streams 6 tokens from model-b
    And a client streams 6 tokens from model-c
    Then every stream is whole: each token once, in order, a finish reason and the end marker
    And every request was served by exactly one worker of its model

  @CLU-013 @P1
  Scenario: The gateway sends a request for an unknown model to no worker
    When a client asks model-unheard-of
    Then every client is refused with status 404 and code model_not_found
    And no worker received a request

  @CLU-017 @P1
  Scenario: Each concurrent client gets the answer to its own request
    When 12 clients ask model-a, model-b and model-c at the same time, each for another length, streamed or not
    Then every client got the answer to its own request
    And every request was served by exactly one worker of its model

  @CLU-010 @P1
  Scenario Outline: A stream is complete, however its worker sends it
    When a client streams 6 tokens from model-a, whose worker <quirk>
    Then every stream is whole: each token once, in order, a finish reason and the end marker
    And every request was served by exactly one worker of its model

    Examples:
      | quirk                       |
      | drips its bytes             |
      | is slow with its headers    |
      | leaves out the usage        |
      | ends the stream twice       |
