# Writes OUT: every file below FOLDER as bytes, in a table NAME sorted by name (see satchel/base/embedded.h).
file(GLOB_RECURSE names RELATIVE ${FOLDER} ${FOLDER}/*)
list(SORT names)
set(data "")
set(table "")
set(n 0)
foreach(name IN LISTS names)
  file(READ ${FOLDER}/${name} hex HEX)
  file(SIZE ${FOLDER}/${name} size)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
  string(APPEND data "static const unsigned char f${n}[] = {${bytes}0};\n")
  string(APPEND table "    {\"${name}\", f${n}, ${size}},\n")
  math(EXPR n "${n}+1")
endforeach()
file(WRITE ${OUT} "#include \"satchel/base/embedded.h\"\n\n${data}\n"
  "extern const struct embedded ${NAME}[];\nextern const size_t ${NAME}_len;\n"
  "const struct embedded ${NAME}[] = {\n${table}};\n"
  "const size_t ${NAME}_len = ${n};\n")
