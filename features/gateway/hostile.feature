@integration @topology.multi_tenant
Feature: Hostile and broken clients get an error object, and other clients are unaffected

  @SEC-001 @GATE-010 @P1
  Scenario Outline: The gateway rejects hostile input in time, before any worker receives it
    When hostile clients send <attack>
    Then the gateway rejects every attack with status <status> within the rejection time, before any worker receives it

    Examples:
      | attack                                  | status |
      | a body with a declared length of 17 MiB | 413    |
      | an endless chunked body                 | 413    |
      | a truncated body                        | 400    |
      | a slow body of single bytes             | 400    |
      | a broken chunk                          | 400    |
      | a gzip bomb of 32 MiB                   | 413    |
      | a body that is not gzip as declared     | 400    |
      | a body with 100000 nested lists         | 400    |
      | a body of invalid UTF-8                 | 400    |
      | a lone surrogate                        | 400    |
      | a model name of 1 MiB                   | 400    |
      | a log injection in the model name       | 404    |
      | a log injection in the request id       | 400    |
      | 10000 headers                           | 400    |
      | a header of 1 MiB                       | 400    |
      | a header with a null byte               | 400    |
      | truncated headers                       | 400    |
      | slow headers of single bytes            | 400    |
      | two content lengths                     | 400    |
      | a content length with chunks            | 400    |
      | a path of 1 MiB                         | 400    |
      | a log injection in the path             | 400    |
      | a line break in the path                | 404    |
      | a path traversal                        | 404    |
      | an unknown expectation                  | 400    |
      | an unknown route                        | 404    |
      | a method that the route lacks           | 405    |
      | a request to an operator page           | 401    |
      | bytes that are not HTTP                 | 400    |

  @SEC-001 @P1
  Scenario: The gateway serves other clients during all attacks at once
    Given the gateway's memory is noted
    And a client is streaming from model-a
    When hostile clients send all attacks at once
    And clients send 20 chats for model-a
    Then every request was answered
    And every stream is whole
    And the gateway rejects every attack within the rejection time, before any worker receives it
    And the gateway's memory has grown by at most 200 megabytes
    And no client forged a line of the orchestrator's log

  @SEC-001 @P1
  Scenario: A flood of unknown models does not fill the gateway's memory
    Given the gateway's memory is noted
    When hostile clients send a flood of unknown models
    Then the gateway rejects every attack within the rejection time, before any worker receives it
    And the gateway's memory has grown by at most 200 megabytes

  @SEC-001 @GATE-010 @CHAT-032 @P1
  Scenario: The gateway rejects connections beyond its limit and keeps the open ones
    Given a client is streaming from model-a
    When hostile clients send more idle connections than the gateway accepts
    Then the gateway rejects a new connection within the rejection time
    And every stream is whole

  @SEC-002 @P1
  Scenario: Keys and tokens appear in no log, journal, page, answer or report
    When clients send valid, wrong and misplaced credentials of every kind
    Then no output of any service contains a key or token
