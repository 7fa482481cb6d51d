using System.Text.Json.Nodes;
using Kv.Sandbox.Client;
using Kv.Sandbox.Json;

namespace Kv.Operator.Tests.Sandbox;

/// <summary>A custom resource with something of everything, for the tests of the API server.</summary>
internal static class Widgets
{
    public const string Path = "/apis/example.test/v1";

    public const string Definition =
        """
        apiVersion: apiextensions.k8s.io/v1
        kind: CustomResourceDefinition
        metadata: { name: widgets.example.test }
        spec:
          group: example.test
          scope: Namespaced
          names: { plural: widgets, kind: Widget, shortNames: [wd], categories: [all] }
          versions:
          - name: v1
            served: true
            storage: true
            subresources:
              status: {}
              scale: { specReplicasPath: .spec.replicas, statusReplicasPath: .status.replicas }
            additionalPrinterColumns:
            - { name: Wanted, type: integer, jsonPath: .spec.replicas }
            - { name: Ready, type: string, jsonPath: '.status.conditions[?(@.type=="Ready")].status' }
            - { name: Colour, type: string, jsonPath: .spec.colour, priority: 1 }
            - { name: Age, type: date, jsonPath: .metadata.creationTimestamp }
            schema:
              openAPIV3Schema:
                type: object
                description: A thing to try out.
                required: [spec]
                properties:
                  spec:
                    type: object
                    description: What is wanted.
                    x-kubernetes-validations:
                    - rule: "!has(self.minimum) || self.replicas >= self.minimum"
                      message: replicas must not be below minimum
                    - rule: "!has(oldSelf.colour) || (has(self.colour) && self.colour == oldSelf.colour)"
                      message: colour is immutable
                      fieldPath: .colour
                    properties:
                      replicas:
                        type: integer
                        description: How many.
                        enum: [1, 3, 5]
                        default: 1
                      minimum: { type: integer, minimum: 0, maximum: 9 }
                      colour: { type: string, pattern: '^[a-z]+$', maxLength: 10 }
                      size:
                        type: string
                        x-kubernetes-validations:
                        - rule: "quantity(self).isGreaterThan(quantity('1Mi'))"
                          message: size must be above 1Mi
                      labels: { type: object, additionalProperties: { type: string } }
                      free: { type: object, x-kubernetes-preserve-unknown-fields: true }
                      parts:
                        type: array
                        maxItems: 4
                        x-kubernetes-list-type: map
                        x-kubernetes-list-map-keys: [name]
                        items:
                          type: object
                          required: [name]
                          properties:
                            name: { type: string }
                            weight: { type: integer, default: 1 }
                            note: { type: string }
                  status:
                    type: object
                    properties:
                      replicas: { type: integer }
                      conditions:
                        type: array
                        x-kubernetes-list-type: map
                        x-kubernetes-list-map-keys: [type]
                        items:
                          type: object
                          required: [type, status]
                          properties:
                            type: { type: string }
                            status: { type: string }
        """;

    /// <summary>Makes the kind known, if no test has before.</summary>
    public static async Task DefineAsync(SandboxClient client)
    {
        try
        {
            await client.CreateAsync(
                "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", YamlReader.Read(Definition)[0]);
        }
        catch (ApiFaultException fault) when (fault.Code == 409)
        {
            // It is known.
        }
    }

    public static string In(string space, string name = "") =>
        $"{Path}/namespaces/{space}/widgets{(name.Length == 0 ? "" : "/" + name)}";

    public static JsonObject Of(string name, JsonObject? spec = null) => new()
    {
        ["apiVersion"] = "example.test/v1",
        ["kind"] = "Widget",
        ["metadata"] = new JsonObject { ["name"] = name },
        ["spec"] = spec ?? [],
    };
}
