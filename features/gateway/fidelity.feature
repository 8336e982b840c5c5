@integration @topology.default
Feature: The gateway changes neither requests nor responses

  @GATE-013 @P1
  Scenario Outline: Requests and responses pass through byte for byte
    When a client sends <path> for model-b with odd JSON and trace headers
    Then every request was answered
    And the gateway passes every request and response through byte for byte

    Examples:
      | path                 |
      | /v1/chat/completions |
      | /v1/completions      |
      | /v1/embeddings       |
      | /v1/rerank           |

  @GATE-013 @P1
  Scenario: A stream passes through byte for byte
    When a client sends /v1/chat/completions for model-b with odd JSON and trace headers, as a stream
    Then every request was answered
    And the gateway passes every request and response through byte for byte

  @GATE-013 @P1 @topology.attached
  Scenario Outline: Unusual responses of a worker reach the client unchanged
    When a client sends a chat and a stream for model-a to the gateway and to worker-1, simulating <behaviour>
    Then the gateway returns the same as the worker

    Examples:
      | behaviour                 |
      | no fault                  |
      | a chunk of invalid JSON   |
      | an error event            |
      | a wrong content type      |
      | no usage                  |
      | two end markers           |
      | a chunk of 2 MiB          |
      | a 422 response            |
      | a compressed 422 response |
