using System.ComponentModel;
using System.Reflection;
using Kv.Kubernetes.Models;

namespace Kv.Kubernetes.Crds;

/// <summary>The CustomResourceDefinition of a C# type.</summary>
public static class CrdGenerator
{
    public static V1CustomResourceDefinition Of<TEntity>()
        where TEntity : class, IKubernetesObject<V1ObjectMeta>, new() => Of(typeof(TEntity));

    public static V1CustomResourceDefinition Of(Type type)
    {
        KubernetesEntityAttribute entity = type.GetCustomAttribute<KubernetesEntityAttribute>()
            ?? throw new ArgumentException($"{type.Name} has no KubernetesEntity attribute.", nameof(type));
        var crd = new V1CustomResourceDefinition
        {
            Spec = new V1CustomResourceDefinitionSpec
            {
                Group = entity.Group,
                Scope = "Namespaced",
                Names = Names(type, entity),
                Versions = [Version(type, entity)],
            },
        };
        crd.Metadata.Name = $"{entity.PluralName}.{entity.Group}";
        return crd;
    }

    private static V1CustomResourceDefinitionNames Names(Type type, KubernetesEntityAttribute entity) => new()
    {
        Kind = entity.Kind,
        ListKind = entity.Kind + "List",
        Plural = entity.PluralName,
        Singular = entity.Kind.ToLowerInvariant(),
        ShortNames = type.GetCustomAttribute<KubernetesEntityShortNamesAttribute>() is { } names
            ? [.. names.ShortNames]
            : null,
        Categories = type.GetCustomAttribute<KubernetesEntityCategoriesAttribute>() is { } categories
            ? [.. categories.Categories]
            : null,
    };

    private static V1CustomResourceDefinitionVersion Version(Type type, KubernetesEntityAttribute entity) => new()
    {
        Name = entity.ApiVersion,
        Served = true,
        Storage = true,
        AdditionalPrinterColumns =
        [
            .. type.GetCustomAttributes<GenericAdditionalPrinterColumnAttribute>().Select(column =>
                new V1CustomResourceColumnDefinition
                {
                    Name = column.Name,
                    JsonPath = column.JsonPath,
                    Type = column.Type,
                    Description = column.Description,
                    Priority = column.Priority == 0 ? null : column.Priority,
                }),
        ],
        Subresources = new V1CustomResourceSubresources
        {
            Status = new V1CustomResourceSubresourceStatus(),
            Scale = type.GetCustomAttribute<ScaleSubresourceAttribute>() is { } scale
                ? new V1CustomResourceSubresourceScale
                {
                    SpecReplicasPath = scale.SpecReplicasPath,
                    StatusReplicasPath = scale.StatusReplicasPath,
                    LabelSelectorPath = scale.LabelSelectorPath,
                }
                : null,
        },
        Schema = new V1CustomResourceValidation { OpenAPIV3Schema = Schema(type) },
    };

    private static V1JSONSchemaProps Schema(Type type)
    {
        V1JSONSchemaProps schema = CrdSchema.Of(type);
        schema.Description = type.GetCustomAttribute<DescriptionAttribute>()?.Description;

        // Every object has these; only the names of the fields are the API server's business.
        schema.Properties!["apiVersion"] = new V1JSONSchemaProps { Type = "string" };
        schema.Properties["kind"] = new V1JSONSchemaProps { Type = "string" };
        schema.Properties["metadata"] = new V1JSONSchemaProps { Type = "object" };
        schema.Required = ["spec"];
        return schema;
    }
}
