@chaos @integration @topology.model_provisioning @fresh_stack
Feature: The catalogue of a hive is damaged, and what is readable of it is kept

  @INT-006 @P2 @requires.terminate @requires.restart @requires.files
  Scenario Outline: A hive that finds its catalogue damaged rebuilds it from every row that is whole
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
    Then hive-1 downloads and serves a new model
    When the load has gone on until it is back to normal
    And the load ends
    Then no request of the load was answered wrongly or booked twice

    Examples:
      | damage                                 |
      | corruption of the database header |
      | corruption of a database page     |
      | a truncation of the database           |

  @INT-006 @P2 @requires.files
  Scenario Outline: A hive whose catalogue is damaged while it runs writes it anew, and loses nothing
    Given steady load of 20 requests per second on model-a
    And hive-1 has downloaded 12 models
    When <damage> is injected into hive-1
    Then hive-1 moves aside its damaged database
    And the catalogue of hive-1 holds every downloaded model on disk
    And hive-1 downloads and serves a new model
    When the load ends
    Then all of the load was answered

    Examples:
      | damage                             |
      | corruption of a database page |
      | a zeroed database                  |

  @INT-006 @P2 @requires.terminate @requires.restart @requires.files
  Scenario: A hive that can read nothing of its catalogue works from memory, and says so
    Given steady load of 20 requests per second on model-a
    And hive-1 has downloaded 12 models
    When a SIGTERM is injected into hive-1
    And a zeroed database is injected into hive-1
    And hive-1 is started again
    Then the catalogue of hive-1 is degraded, and so is the hive
    And hive-1 keeps in place its damaged database
    And hive-1 downloads and serves a new model
    When the load has gone on until it is back to normal
    And the load ends
    Then no request of the load was answered wrongly or booked twice
