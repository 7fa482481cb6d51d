using System.ComponentModel;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Kv.Kubernetes.Json;
using Kv.Kubernetes.Models;

namespace Kv.Kubernetes.Crds;

/// <summary>The structural schema of a C# type: what its properties, and the attributes on them, say.</summary>
public static class CrdSchema
{
    /// <summary>Quantities of embedded parts of Kubernetes' own objects.</summary>
    private const string QuantityPattern =
        @"^(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))" +
        @"(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))))?$";

    private static readonly JsonNamingPolicy Names = JsonNamingPolicy.CamelCase;

    public static V1JSONSchemaProps Of(Type type)
    {
        V1JSONSchemaProps schema = OfType(type);
        AddRules(schema, type);
        return schema;
    }

    private static V1JSONSchemaProps OfType(Type declared)
    {
        Type type = Nullable.GetUnderlyingType(declared) ?? declared;
        if (type == typeof(string))
            return new V1JSONSchemaProps { Type = "string" };
        if (type == typeof(bool))
            return new V1JSONSchemaProps { Type = "boolean" };
        if (type == typeof(int))
            return new V1JSONSchemaProps { Type = "integer", Format = "int32" };
        if (type == typeof(long))
            return new V1JSONSchemaProps { Type = "integer", Format = "int64" };
        if (type == typeof(double))
            return new V1JSONSchemaProps { Type = "number" };
        if (type == typeof(DateTime))
            return new V1JSONSchemaProps { Type = "string", Format = "date-time" };
        if (type == typeof(IntOrString))
            return new V1JSONSchemaProps { XKubernetesIntOrString = true };
        if (type == typeof(ResourceQuantity))
            return new V1JSONSchemaProps { XKubernetesIntOrString = true, Pattern = QuantityPattern };
        if (type.IsEnum)
        {
            return new V1JSONSchemaProps
            {
                Type = "string",
                EnumProperty = [.. Enum.GetNames(type).Select(name => (JsonNode)JsonValue.Create(name)!)],
            };
        }

        return OfContainer(type);
    }

    private static V1JSONSchemaProps OfContainer(Type type)
    {
        if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IDictionary<,>))
        {
            return new V1JSONSchemaProps
            {
                Type = "object",
                AdditionalProperties = Of(type.GetGenericArguments()[1]),
            };
        }

        if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IList<>))
            return new V1JSONSchemaProps { Type = "array", Items = Of(type.GetGenericArguments()[0]) };

        var schema = new V1JSONSchemaProps
        {
            Type = "object",
            Properties = new SortedDictionary<string, V1JSONSchemaProps>(StringComparer.Ordinal),
        };
        object? sample = type.GetConstructor(Type.EmptyTypes)?.Invoke(null);
        var required = new List<string>();
        foreach (PropertyInfo property in PropertiesOf(type))
        {
            string name = property.GetCustomAttribute<JsonPropertyNameAttribute>()?.Name
                ?? Names.ConvertName(property.Name);
            schema.Properties[name] = OfProperty(property, sample);
            if (property.IsDefined(typeof(RequiredAttribute)))
                required.Add(name);
        }

        schema.Required = required.Count > 0 ? [.. required.Order(StringComparer.Ordinal)] : null;
        return schema;
    }

    private static IEnumerable<PropertyInfo> PropertiesOf(Type type) =>
        type.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(property =>
            property.CanWrite && !property.IsDefined(typeof(JsonExtensionDataAttribute)) &&
            property.GetCustomAttribute<JsonIgnoreAttribute>() is not { Condition: JsonIgnoreCondition.Always });

    private static V1JSONSchemaProps OfProperty(PropertyInfo property, object? sample)
    {
        V1JSONSchemaProps schema = property.IsDefined(typeof(PreserveUnknownFieldsAttribute))
            ? new V1JSONSchemaProps { Type = "object", XKubernetesPreserveUnknownFields = true }
            : Of(property.PropertyType);
        schema.Description = property.GetCustomAttribute<DescriptionAttribute>()?.Description;
        schema.Minimum = property.GetCustomAttribute<RangeMinimumAttribute>()?.Minimum;
        schema.Maximum = property.GetCustomAttribute<RangeMaximumAttribute>()?.Maximum;
        schema.Pattern ??= property.GetCustomAttribute<PatternAttribute>()?.Pattern;
        if (property.GetCustomAttribute<LengthAttribute>() is { } length)
        {
            schema.MinLength = length.Minimum == 0 ? null : length.Minimum;
            schema.MaxLength = length.Maximum;
        }

        if (property.GetCustomAttribute<ItemsMaximumAttribute>() is { } items)
        {
            schema.MaxItems = schema.Type == "array" ? items.Maximum : null;
            schema.MaxProperties = schema.Type == "object" ? items.Maximum : null;
        }

        if (property.GetCustomAttribute<ItemPatternAttribute>() is { } item)
            (schema.Items!.Pattern, schema.Items.MaxLength) = (item.Pattern, item.LengthMaximum);

        if (property.GetCustomAttribute<XListMapKeysAttribute>() is { } keys)
        {
            schema.XKubernetesListType = "map";
            schema.XKubernetesListMapKeys = [.. keys.Keys];
            schema.Items!.Required = [.. (schema.Items.Required ?? []).Union(keys.Keys).Order(StringComparer.Ordinal)];
        }

        // What the API server fills in is what the type has: one place says what a default is.
        if (property.IsDefined(typeof(DefaultAttribute)) && sample is not null)
            schema.DefaultProperty = DefaultOf(property.GetValue(sample));
        AddRules(schema, property);
        return schema;
    }

    private static JsonNode? DefaultOf(object? value) =>
        JsonSerializer.SerializeToNode(value, KubernetesJson.Options);

    private static void AddRules(V1JSONSchemaProps schema, MemberInfo member)
    {
        V1ValidationRule[] rules =
        [
            .. member.GetCustomAttributes<ValidationRuleAttribute>()
                .Select(rule => new V1ValidationRule { Rule = rule.Rule, Message = rule.Message }),
        ];
        if (rules.Length > 0)
            schema.XKubernetesValidations = [.. schema.XKubernetesValidations ?? [], .. rules];
    }
}
