@chaos @integration @topology.model_provisioning @fresh_stack
Feature: A hive keeps every readable row of a damaged catalogue

  @INT-006 @P2 @requires.terminate @requires.restart @requires.files
  Scenario Outline: A hive that starts with a damaged catalogue rebuilds it from every intact row
    Given steady load of 20 requests per second on model-a
    And hive-1 has downloaded 12 models
    When a SIGTERM is injected into hive-1
    And <damage> is injected into hive-1
    And an outage of the model hub is injected into hub
    And hive-1 is started again
    Then hive-1 moves aside its damaged database
    And the catalogue of hive-1 holds exactly the models with an intact row
    And the catalogue of hive-1 is healthy
    When an outage of the model hub is removed from hub
    And the load continues until it is back to normal
    Then hive-1 downloads and serves a new model
    And no load request was answered incorrectly or booked twice

    Examples:
      | damage                                 |
      | corruption of the database header |
      | corruption of a database page     |
      | a truncation of the database           |

  @INT-006 @P2 @requires.files
  Scenario Outline: A running hive rewrites its damaged catalogue and keeps every model
    Given steady load of 20 requests per second on model-a
    And hive-1 has downloaded 12 models
    When <damage> is injected into hive-1
    Then hive-1 moves aside its damaged database
    And the catalogue of hive-1 holds every downloaded model on disk
    And hive-1 downloads and serves a new model
    And the catalogue of hive-1 holds every downloaded model on disk
    And every load request was answered

    Examples:
      | damage                             |
      | corruption of a database page |
      | a zeroed database                  |

  @INT-006 @P2 @requires.terminate @requires.restart @requires.files
  Scenario: A hive with an unreadable catalogue works from memory and reports degraded health
    Given steady load of 20 requests per second on model-a
    And hive-1 has downloaded 12 models
    When a SIGTERM is injected into hive-1
    And a zeroed database is injected into hive-1
    And hive-1 is started again
    And the load continues until it is back to normal
    Then the catalogue of hive-1 is degraded, and so is the hive
    And hive-1 keeps in place its damaged database
    And hive-1 downloads and serves a new model
    And the catalogue of hive-1 is degraded, and so is the hive
    And no load request was answered incorrectly or booked twice
