@integration @topology.multi_tenant
Feature: The gateway resolves each name of a model for the clients that may use it

  @CHAT-001 @CHAT-002 @CHAT-003 @P1
  Scenario Outline: The worker receives its own name for the model, whichever name the client uses
    When a client with <credential> sends a chat for <name>
    Then every request reached a worker as <model>, otherwise unchanged

    Examples:
      | credential                     | name                                 | model        |
      | a key of acme                  | 0f8fad5b-d9cb-469f-a165-70867728950e | model-a      |
      | a key of globex                | 0F8FAD5B-D9CB-469F-A165-70867728950E | model-a      |
      | a valid key                    | hivecheck-ai/Model-A-7B              | model-a      |
      | a key of globex                | hivecheck-ai/Model-Globex-8B-Chat-v2 | model-globex |
      | a valid key                    | good-old-a                           | model-a      |
      | a key of acme                  | acme/fast                            | model-a      |
      | a token of acme                | acme/fast                            | model-a      |
      | a token with acme's offerings  | acme/fast                            | model-a      |
      | a key with acme's offerings    | acme/fast                            | model-a      |
      | a token for acme/fast only     | acme/fast                            | model-a      |
      | a key of globex                | globex/fast                          | model-globex |

  @CHAT-004 @CHAT-005 @P1
  Scenario Outline: The gateway rejects a model that is unknown or retired, even if a worker still serves it
    When a client with a key of acme sends a chat for <name>
    Then every request was refused with status 404 and code model_not_found, naming model
    And the workers received no request
    And the gateway does not offer <name>

    Examples:
      | name                                 |
      | 9b2d7c1e-0000-4000-8000-5f3759df0000 |
      | 0f8fad5b-d9cb-469f-a165-70867728950f |
      | 7c9e6679-7425-40de-944b-e07fc1f90ae7 |
      | model-retired                        |
      | good-old-retired                     |
      | acme/former                          |
      | acme/retired                         |
      | acme/unheard-of                      |

  @CHAT-006 @P1
  Scenario Outline: The gateway rejects an offering of another organisation
    When a client with <credential> sends a chat for <name>
    Then every request was refused with status 403 and code model_not_allowed, naming model
    And the workers received no request

    Examples:
      | credential                      | name        |
      | a key of globex                 | acme/fast   |
      | a key of acme                   | globex/fast |
      | a valid key                     | acme/fast   |
      | a token of ada without a tenant | acme/fast   |

  @CHAT-040 @P2
  Scenario: Each tenant sees only its own models
    Then the gateway offers exactly model-a, model-acme, model-b and acme/fast to a client with a key of acme
    And the gateway offers exactly model-a, model-b, model-globex and globex/fast to a client with a key of globex
    And the gateway offers exactly model-a and model-b to a client with a valid key

  @CHAT-040 @P2
  Scenario Outline: The gateway answers 404 for a model of another tenant
    When a client with <credential> sends a chat for <name>
    Then every request was refused with status 404 and code model_not_found, naming model
    And the workers received no request

    Examples:
      | credential      | name         |
      | a key of globex | model-acme   |
      | a key of acme   | model-globex |
