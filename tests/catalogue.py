"""The catalogue of a database, as lines that can be compared: everything in the schema `upwell` but its rows."""

from adapters.postgres.database.connecting import connect

_QUERIES = {
    "schemas": """
        SELECT nspname, ARRAY(SELECT a::text FROM unnest(nspacl) a ORDER BY 1) FROM pg_namespace
        WHERE nspname LIKE 'upwell%'
    """,
    "relations": """
        SELECT relname, relkind, relpersistence, reloptions, relrowsecurity, relforcerowsecurity, relreplident,
            relowner::regrole, ARRAY(SELECT a::text FROM unnest(relacl) a ORDER BY 1)
        FROM pg_class WHERE relnamespace = 'upwell'::regnamespace
    """,
    "columns": """
        SELECT attrelid::regclass, attnum, attname, format_type(atttypid, atttypmod), attnotnull, attidentity,
            attgenerated, attstorage, attcompression, attstattarget, attcollation::regcollation, attoptions,
            pg_get_expr(adbin, adrelid), attacl
        FROM pg_attribute JOIN pg_class c ON c.oid = attrelid
            LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
        WHERE relnamespace = 'upwell'::regnamespace AND attnum > 0
    """,
    "indexes": """
        SELECT pg_get_indexdef(indexrelid), indisunique, indisprimary, indisvalid, indisready, indisreplident
        FROM pg_index JOIN pg_class c ON c.oid = indexrelid WHERE relnamespace = 'upwell'::regnamespace
    """,
    "constraints": """
        SELECT conrelid::regclass, conname, pg_get_constraintdef(oid), convalidated, condeferrable
        FROM pg_constraint WHERE connamespace = 'upwell'::regnamespace
    """,
    "policies": """
        SELECT polrelid::regclass, polname, polcmd, polpermissive, polroles::regrole[]::text,
            pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid)
        FROM pg_policy JOIN pg_class c ON c.oid = polrelid WHERE relnamespace = 'upwell'::regnamespace
    """,
    "triggers": """
        SELECT pg_get_triggerdef(t.oid), tgenabled FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid
        WHERE relnamespace = 'upwell'::regnamespace AND NOT tgisinternal
    """,
    # everything that defines a call: body, language, volatility, security, settings, cost, rights
    "functions": """
        SELECT p.oid::regprocedure, pg_get_function_result(p.oid), pg_get_function_arguments(p.oid), prosrc, probin,
            lanname, prokind, prosecdef, proleakproof, proisstrict, proretset, provolatile, proparallel, procost,
            prorows, prosupport, proconfig, proargmodes, proargnames, proargdefaults::text, proowner::regrole,
            ARRAY(SELECT a::text FROM unnest(proacl) a ORDER BY 1)
        FROM pg_proc p JOIN pg_language l ON l.oid = prolang WHERE pronamespace = 'upwell'::regnamespace
    """,
    "sequences": """
        SELECT seqrelid::regclass, seqtypid::regtype, seqstart, seqincrement, seqmax, seqmin, seqcache, seqcycle
        FROM pg_sequence JOIN pg_class c ON c.oid = seqrelid WHERE relnamespace = 'upwell'::regnamespace
    """,
    "types": "SELECT oid::regtype, typtype, typacl FROM pg_type WHERE typnamespace = 'upwell'::regnamespace",
    "statistics": "SELECT stxname FROM pg_statistic_ext WHERE stxnamespace = 'upwell'::regnamespace",
    "default rights": "SELECT defaclobjtype, defaclacl::text FROM pg_default_acl",
    "extensions": "SELECT extname, extversion, extnamespace::regnamespace FROM pg_extension",
    "comments": """
        SELECT classoid::regclass, objoid, objsubid, description FROM pg_description
        WHERE objoid IN (SELECT oid FROM pg_class WHERE relnamespace = 'upwell'::regnamespace)
            OR objoid IN (SELECT oid FROM pg_proc WHERE pronamespace = 'upwell'::regnamespace)
    """,
}


async def catalogue(url: str) -> dict[str, list[str]]:
    """Return the content of a database's catalogue, by kind, in an order independent of its history."""
    connection = await connect(url, role=None)
    try:
        await connection.execute("SET search_path = ''")
        return {
            kind: sorted(" | ".join(str(value) for value in row) for row in await connection.fetch(query))
            for kind, query in _QUERIES.items()
        }
    finally:
        await connection.close()
