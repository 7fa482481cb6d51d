using System.Text.Json.Nodes;
using Kv.Sandbox.ApiServer.Answers;
using Kv.Sandbox.Json;

namespace Kv.Sandbox.ApiServer.Rules;

/// <summary>Claims of volumes: they say how much they want, and later only that they want more.</summary>
internal static class ClaimRules
{
    private const string ImmutableFault = "spec is immutable after creation except resources.requests and "
        + "volumeAttributesClassName for bound claims";
    private const string ShrinkFault = "field can not be less than status.capacity";

    public static IEnumerable<FieldFault> FindFaults(JsonObject claim, JsonObject? old)
    {
        if (!claim.Texts("spec", "accessModes").Any())
            yield return FieldFault.Required("spec.accessModes", "at least 1 access mode is required");
        JsonNode? wanted = claim.At("spec", "resources", "requests", "storage");
        if (wanted is null)
            yield return FieldFault.Required("spec.resources[storage]");
        else if (!Quantity.TryRead(wanted, out Quantity size) || size.Nano.Sign <= 0)
            yield return FieldFault.Invalid("spec.resources[storage]", wanted, "must be greater than zero");
        else if (old is not null && IsBelow(size, old))
            yield return FieldFault.Forbidden("spec.resources.requests.storage", ShrinkFault);

        if (old is not null && !JsonFields.AreSame(Fixed(old), Fixed(claim)))
            yield return FieldFault.Forbidden("spec", ImmutableFault);
    }

    private static bool IsBelow(Quantity size, JsonObject old) =>
        (Quantity.TryRead(old.At("status", "capacity", "storage"), out Quantity has) && size < has)
        || (Quantity.TryRead(old.At("spec", "resources", "requests", "storage"), out Quantity had) && size < had);

    // A claim without a class or a volume may get one.
    private static JsonObject Fixed(JsonObject claim)
    {
        JsonObject spec = claim.Map("spec")?.Copy() ?? [];
        spec.Remove("resources");
        spec.Remove("volumeName");
        spec.Remove("storageClassName");
        return spec;
    }
}
