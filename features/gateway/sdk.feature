@integration @topology.multi_tenant
Feature: The openai SDK works unmodified

  @GATE-017 @P1
  Scenario: A chat
    When the SDK requests a chat from model-a
    Then every answer is a full chat completion of the requested model

  @GATE-017 @P1
  Scenario: A stream
    When the SDK requests a stream from model-a
    Then every stream is whole

  @GATE-017 @P1
  Scenario Outline: Completions and embeddings
    When the SDK requests <call> from model-a
    Then every request was answered
    And every request took one attempt

    Examples:
      | call         |
      | a completion |
      | an embedding |

  @GATE-017 @P1
  Scenario: The list of models
    Then the SDK finds model-a in the list and by name

  @GATE-017 @P1
  Scenario: A chat with a tool result
    When the SDK requests a chat with a tool result from model-a
    Then every answer is a full chat completion of the requested model
    And every request reached a worker as model-a, otherwise unchanged

  @GATE-017 @P1
  Scenario: A chat that requires a tool
    When the SDK requests a chat that requires a tool from model-a
    Then every answer calls the tool weather
    And every request reached a worker as model-a, otherwise unchanged

  @GATE-017 @P1
  Scenario: A timeout of the SDK cancels every attempt at its worker
    When the SDK requests a chat from model-b with a timeout of 0.3 seconds and one retry
    Then the SDK raises APITimeoutError, after 2 calls and at most 2 upstream requests
    And no worker continues a cancelled request

  @GATE-017 @P1
  Scenario: A stream that the client closes is cancelled at its worker
    When the SDK requests a stream that it closes early from model-a
    Then no worker continues a cancelled request
