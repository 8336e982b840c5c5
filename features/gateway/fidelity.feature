@integration @topology.default
Feature: What passes through the gateway stays as it is

  @GATE-013 @P1
  Scenario Outline: A request arrives to the byte, with every header, and the answer comes back as it was said
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
  Scenario: So does a stream
    When a client sends /v1/chat/completions for model-b with odd JSON and trace headers, as a stream
    Then every request was answered
    And the gateway passes every request and response through byte for byte

  @GATE-013 @P1 @topology.attached
  Scenario Outline: Odd things a worker does reach the client as they are
    When a client sends a chat and a stream for model-a to the gateway and to worker-1, simulating <behaviour>
    Then the gateway returns the same as the worker

    Examples:
      | behaviour               |
      | no fault                |
      | a chunk of invalid JSON |
      | an error event          |
      | a wrong content type    |
      | no usage                |
      | two end markers         |
      | a chunk of 2 MiB        |
      | a 422 response          |
