"""flexkg mappings, flexkg queries: what there is. What they list is read by the library."""


def mappings() -> None:
    """List the mapping files with the profile that each serves, and the packages of third parties.

    A package is a folder named in `FLEXKG_PACKAGES`, or one installed with an entry point of the group
    `kg.mappings`.

    Example: `flexkg mappings`
    """
    from kg.lift import mapping_files
    from kg.packages import FOLDERS, packages
    from kg.yarrrml import load

    for path in mapping_files():
        source = load(path)
        profile = source.settings.get("profile")
        print(f"{path.name}: OpenADR {profile}, {len(source.mappings)} mappings")
    for package in packages():
        held = {name: len([p for p in (package.folder / name).rglob("*") if p.is_file()]) for name in FOLDERS}
        told = ", ".join(f"{count} files in {name}" for name, count in held.items() if count)
        print(f"package {package.name} ({package.folder}): {told}")


def queries() -> None:
    """List the stored queries with what each answers and takes.

    `FLEXKG_QUERIES` names a folder with further ones; one of the same name goes before ours.

    Example: `flexkg queries`, then `flexkg query requested event=E-7 --store ./store`
    """
    from kg.service import Service
    from kg.settings import load_settings

    without_store = load_settings().model_copy(update={"store": None})
    for stored in Service(without_store, create=False).stored().values():
        takes = " ".join(f"{p.name}={p.default or p.type}" for p in stored.parameters.values())
        print(f"{stored.name} {takes}".rstrip() + f"\n    {stored.summary}")
