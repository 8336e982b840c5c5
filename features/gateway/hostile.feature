@integration @topology.multi_tenant
Feature: Hostile and broken clients get a plain answer, and nobody else notices

  @SEC-001 @GATE-010 @P1
  Scenario Outline: Whatever is sent, an error object comes back, in time, and no worker hears of it
    When intruders send <attack>
    Then each intruder is turned away with status <status> within the rejection time, and no worker heard of them

    Examples:
      | attack                                     | status |
      | a body that is said to have 17 megabytes   | 413    |
      | a body of chunks without end               | 413    |
      | a body that breaks off                     | 400    |
      | a body that drips                          | 400    |
      | a broken chunk                             | 400    |
      | a small body that unpacks to 32 megabytes  | 413    |
      | a body that is not packed as it says       | 400    |
      | a body nested 100000 deep                  | 400    |
      | a body that is no UTF-8                    | 400    |
      | a half surrogate                           | 400    |
      | a model's name of a megabyte               | 400    |
      | a model's name that breaks logs            | 404    |
      | a request id that breaks logs              | 400    |
      | 10000 headers                              | 400    |
      | a header of a megabyte                     | 400    |
      | a header with a null byte                  | 400    |
      | headers that stop half-way                 | 400    |
      | headers that drip                          | 400    |
      | two lengths                                | 400    |
      | a length and chunks                        | 400    |
      | a path of a megabyte                       | 400    |
      | a path that breaks logs                    | 400    |
      | a path that breaks lines                   | 404    |
      | a path that leads out                      | 404    |
      | an expectation nobody knows                | 400    |
      | a call of a route that does not exist      | 404    |
      | a method that a route does not have        | 405    |
      | a call of a page that is not for clients   | 401    |
      | no HTTP at all                             | 400    |

  @SEC-001 @P1
  Scenario: While intruders try everything at once, others are served
    Given the gateway's memory is noted
    And a client is streaming from model-a
    When intruders try everything at once
    And 20 chats for model-a are sent
    Then every client was answered
    And every stream is whole: each token once, in order, a finish reason and the end marker
    And each intruder is turned away within the rejection time, and no worker heard of them
    And the gateway's memory has not grown by more than 200 megabytes
    And every line of the orchestrator's log is its own

  @SEC-001 @P1
  Scenario: A flood of models that nobody knows fills nothing
    Given the gateway's memory is noted
    When intruders ask for hundreds of models that nobody knows
    Then each intruder is turned away within the rejection time, and no worker heard of them
    And the gateway's memory has not grown by more than 200 megabytes

  @SEC-001 @GATE-010 @P1
  Scenario: Connections beyond the cap are told to come back; those that were there go on
    Given a client is streaming from model-a
    When intruders hold more connections open than the gateway takes
    Then a newcomer is told to come back within the rejection time
    And every stream is whole: each token once, in order, a finish reason and the end marker

  @SEC-002 @P1
  Scenario: Keys and tokens are used, and left nowhere
    When clients use every kind of credential, right, wrong and misplaced
    Then no key or token is in any log, journal, page, answer or report
